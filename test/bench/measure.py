#!/usr/bin/python3
"""Runs a command, and prints as JSON what the whole process took: wall and CPU seconds, peak bytes, status, output.

    measure.py COMMAND ARGUMENT...
"""

import json
import resource
import subprocess
import sys
import time

start = time.monotonic()
done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
wall = time.monotonic() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({
    "wallMs": wall * 1000,
    "cpuMs": (used.ru_utime + used.ru_stime) * 1000,
    "peakBytes": used.ru_maxrss * 1024,
    "status": done.returncode,
    "stdout": done.stdout,
    "stderr": done.stderr[-2000:],
}))
