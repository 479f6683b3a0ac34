// Works on a queue of a Sluice server: node worker.mjs QUEUE [URL]. Needs nothing but Node 18 or newer.
const [queue, url = "http://127.0.0.1:8080"] = process.argv.slice(2);
const headers = { "Content-Type": "application/json" };
if (process.env.SLUICE_TOKEN) headers.Authorization = `Bearer ${process.env.SLUICE_TOKEN}`;

async function post(path, body) {
  const answer = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) {
    const pause = Number(answer.headers.get("Retry-After") ?? 5);
    throw Object.assign(new Error(`HTTP ${answer.status}`), { status: answer.status, pause });
  }
  return JSON.parse((await answer.text()) || "null");
}

async function lease() {
  for (;;) {
    try {
      return (await post(`/v1/queues/${queue}/jobs:lease`, { max: 10, lease: "30s", wait: "20s" })).jobs;
    } catch (refused) {
      if (refused.status !== 429 && refused.status !== 503) throw refused;
      await new Promise((resume) => setTimeout(resume, refused.pause * 1000)); // it stops, or has too much to do
    }
  }
}

for (;;) {
  for (const job of await lease()) {
    const held = `/v1/leases/${job.lease.token}`;
    try {
      console.log("working on", job.id, JSON.stringify(job.payload));
      await post(`${held}:complete`, {});
    } catch (failure) {
      if (failure.status === 409) console.log("somebody else has", job.id); // the lease was lost
      else await post(`${held}:fail`, { error: String(failure) });
    }
  }
}
