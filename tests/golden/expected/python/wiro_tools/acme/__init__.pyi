from . import everything_v1_0 as everything_v1_0
