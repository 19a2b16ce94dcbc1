"""``python -m govcloud``: the command line."""

from govcloud.app import main

if __name__ == "__main__":
    main()
