"""`python -m tomeishi` is the command `tomeishi`."""

from tomeishi.cli.main import main

if __name__ == "__main__":
    main()
