"""A child of `run_child` that performs the action in its job."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from younger_hf.containment.limited_child import receive_job

job, send = receive_job()
send({"received": job, "folder": str(Path.cwd()), "variables": sorted(os.environ)})
sys.stdout.write("what a library prints")
match job["action"]:
    case "sleep":
        time.sleep(3600)
    case "sleep_silently":
        os.closerange(1, 10)
        time.sleep(3600)
    case "die":
        os.write(3, b'{"half": ')
        os.abort()
    case "flood":
        while True:
            send({"text": "x" * 100_000})
    case "start_another":
        if os.fork() == 0:
            time.sleep(3600)
