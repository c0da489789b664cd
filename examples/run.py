#!/usr/bin/env python3
"""Runs an example in a folder with a fresh certificate, and compares what it prints.

usage: run.py EXPECTED PROGRAM"""
import subprocess
import sys
import tempfile

expected, program = sys.argv[1:3]
with tempfile.TemporaryDirectory(prefix="seatls-example-") as folder:
    # A server certificate that is its own CA, and its key: what `seatls init` or your CA gives you.
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", "server.key", "-out", "server.pem", "-subj", "/CN=echo.example", "-days", "2",
                    "-addext", "subjectAltName=DNS:echo.example"], cwd=folder, check=True, capture_output=True)
    done = subprocess.run([program, folder], text=True, capture_output=True, timeout=60)
said = done.stdout
wanted = open(expected, encoding="utf-8").read()
if done.returncode != 0 or said != wanted:
    sys.exit(f"exit code {done.returncode}\n--- said\n{said}--- wanted\n{wanted}--- stderr\n{done.stderr}")
print(said, end="")
