"""`python -m chainrule`: the command line, where no script was installed on the path."""

from chainrule.cli.main import main

if __name__ == "__main__":
    main()
