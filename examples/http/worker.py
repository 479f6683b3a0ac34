#!/usr/bin/env python3
"""Works on a queue of a Sluice server: python3 worker.py QUEUE [URL]. Needs nothing but Python."""
import json, os, sys, time, urllib.error, urllib.request

queue, url = sys.argv[1], (sys.argv[2:] or ["http://127.0.0.1:8080"])[0]
token = os.environ.get("SLUICE_TOKEN")


def post(path, body):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = "Bearer " + token
    request = urllib.request.Request(url + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=90) as answer:
        return json.loads(answer.read() or b"null")


def lease():
    while True:
        try:
            return post(f"/v1/queues/{queue}/jobs:lease", {"max": 10, "lease": "30s", "wait": "20s"})["jobs"]
        except urllib.error.HTTPError as refused:
            if refused.code not in (429, 503):
                raise
            time.sleep(int(refused.headers.get("Retry-After", 5)))  # the server stops, or has too much to do


while True:
    for job in lease():
        held = "/v1/leases/" + job["lease"]["token"]
        try:
            print("working on", job["id"], json.dumps(job.get("payload")), flush=True)
            post(held + ":complete", {})
        except urllib.error.HTTPError as lost:  # 409: somebody else has the job by now
            print("could not complete", job["id"], lost.code, flush=True)
        except Exception as failure:
            post(held + ":fail", {"error": repr(failure)})
