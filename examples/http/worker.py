#!/usr/bin/env python3
"""Works on a queue of a Sluice server: python3 worker.py QUEUE [URL]. Needs nothing but Python."""
import http.client, json, os, signal, sys, time, urllib.request

signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it; its job goes to another when the lease is over
queue, url = (sys.argv[1:] + ["http://127.0.0.1:8080"])[:2] if sys.argv[1:] else sys.exit(__doc__)
token = os.environ.get("SLUICE_TOKEN")
headers = {"Content-Type": "application/json"} | ({"Authorization": "Bearer " + token} if token else {})


def post(path, body):
    request = urllib.request.Request(url + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=90) as answer:
        return json.loads(answer.read() or b"{}")


while True:
    try:
        for job in post(f"/v1/queues/{queue}/jobs:lease", {"max": 1, "lease": "30s", "wait": "20s"})["jobs"]:
            try:
                print("working on", job["id"], json.dumps(job.get("payload")), flush=True)  # your work
                end, body = "complete", {}
            except Exception as failure:
                end, body = "fail", {"error": repr(failure)}
            post(f"/v1/leases/{job['lease']['token']}:{end}", body)
    except (OSError, http.client.HTTPException) as failure:
        code = getattr(failure, "code", None)  # none: the server went away, or is not there yet
        if code not in (None, 409, 429, 503):  # 409: the lease was lost, and somebody else has the job
            sys.exit(f"{url}: {failure.read().decode()}")
        print(f"{url}: {failure}; going on", file=sys.stderr, flush=True)
        time.sleep(int(failure.headers.get("Retry-After", 1)) if code else 5)
