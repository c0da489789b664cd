#!/usr/bin/env python3
"""A file is read in one sitting: 400 lines is the soft limit (listed), 800 the hard one (refused).
Public and internal headers: 200 lines is the soft limit."""
import subprocess
import sys
from pathlib import Path

root = Path(__file__).resolve().parent.parent
names = subprocess.run(["git", "ls-files", "*.cpp", "*.h", "*.py", "run"], cwd=root, text=True,
                       capture_output=True, check=True).stdout.split()
hard, soft = [], []
for name in names:
    path = root / name
    if not path.exists():
        continue
    lines = path.read_text().count("\n")
    if lines > 800:
        hard.append(f"{name}: {lines} lines; the limit is 800: cut it where the meaning changes")
    elif lines > (200 if name.endswith(".h") else 400):
        soft.append(f"{name} ({lines})")
if soft:
    print(f"sizes: over the soft limit: {', '.join(soft)}")
print("\n".join(hard) or f"sizes: {len(names)} files, none over 800 lines")
sys.exit(bool(hard))
