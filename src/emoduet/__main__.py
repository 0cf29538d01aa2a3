"""`python -m emoduet`."""

from emoduet.cli import main

main()
