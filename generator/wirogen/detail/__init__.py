"""Tool/Detail: Wiro's own JSON about a tool, a second source of specs beside its document."""
