// Works on a queue of a Sluice server: node worker.mjs QUEUE [URL]. Needs nothing but Node 18 or newer.
const [queue, url = "http://127.0.0.1:8080"] = process.argv.slice(2);
const headers = { "Content-Type": "application/json" };
if (process.env.SLUICE_TOKEN) headers.Authorization = `Bearer ${process.env.SLUICE_TOKEN}`;

async function post(path, body) {
  const answer = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw Object.assign(new Error(`HTTP ${answer.status}`), { status: answer.status });
  return JSON.parse((await answer.text()) || "null");
}

for (;;) {
  const { jobs } = await post(`/v1/queues/${queue}/jobs:lease`, { max: 10, lease: "30s", wait: "20s" });
  for (const job of jobs) {
    const lease = `/v1/leases/${job.lease.token}`;
    try {
      console.log("working on", job.id, JSON.stringify(job.payload));
      await post(`${lease}:complete`, {});
    } catch (failure) {
      if (failure.status === 409) console.log("somebody else has", job.id); // the lease was lost
      else await post(`${lease}:fail`, { error: String(failure) });
    }
  }
}
