"""The benchmark of `make bench`: Parley beside what it cannot be faster than, in one run on one machine."""
