"""Pure rules on frozen values: no clock, no I/O, no framework."""
