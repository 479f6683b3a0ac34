// Works on a queue of a Sluice server: node worker.mjs QUEUE [URL]. Needs nothing but Node 18 or newer.
const [queue, url = "http://127.0.0.1:8080"] = process.argv.slice(2);
const token = process.env.SLUICE_TOKEN;
const headers = { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) };

async function post(path, body) {
  const answer = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
  const text = await answer.text();
  if (answer.ok) return JSON.parse(text || "{}");
  if (![409, 429, 503].includes(answer.status)) throw new Error(`${url} says: ${text}`);
  const seconds = Number(answer.headers.get("Retry-After") ?? 1); // the server stops, or has too much to do
  await new Promise((resume) => setTimeout(resume, seconds * 1000)); // 409: somebody else has the job
  return { jobs: [] };
}

while (queue) {
  for (const job of (await post(`/v1/queues/${queue}/jobs:lease`, { max: 1, lease: "30s", wait: "20s" })).jobs) {
    let [end, body] = ["complete", {}];
    try {
      console.log("working on", job.id, JSON.stringify(job.payload)); // your work
    } catch (failure) {
      [end, body] = ["fail", { error: String(failure) }];
    }
    await post(`/v1/leases/${job.lease.token}:${end}`, body);
  }
}
console.error("usage: node worker.mjs QUEUE [URL]");
