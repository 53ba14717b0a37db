"""Clocks: from when, until when, and why. Intervals are kept; every deadline is derived from them and a calendar."""
