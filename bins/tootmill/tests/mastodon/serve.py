"""Serves mastodon-mock until standard input ends: it ends with the test that started it, however that ends."""

import os
import sys
import threading

from mastodon_mock.cli import main


def end_with_input() -> None:
    """Ends the process when nobody holds the other end of standard input any more."""
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=end_with_input, daemon=True).start()
    main(["serve", *sys.argv[1:]])
