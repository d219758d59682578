"""The core: what a timeout policy is, and whether a session lives. Standard library only; no clock, no I/O."""
