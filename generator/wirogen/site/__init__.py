"""The documentation site: what its pages need beyond the plan, and how it is put together."""
