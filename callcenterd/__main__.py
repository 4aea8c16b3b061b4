"""`python -m callcenterd` is `callcenterd`."""

from callcenterd.cli import main

main()
