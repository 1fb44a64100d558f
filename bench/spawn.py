"""Run a command and print its wall time (seconds) and peak memory (bytes) as JSON; too small to add to them."""

import json
import os
import sys
import time

SILENT = os.open(os.devnull, os.O_RDWR)
UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss

command = sys.argv[1:]
start = time.perf_counter()
pid = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, SILENT, 1)])
_, status, usage = os.wait4(pid, 0)
seconds = time.perf_counter() - start
print(json.dumps({"seconds": seconds, "peak": usage.ru_maxrss * UNIT, "code": os.waitstatus_to_exitcode(status)}))
