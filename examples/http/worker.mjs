// Works on a queue of a Sluice server: node worker.mjs QUEUE [URL]. Needs nothing but Node 18 or newer.
const [queue, url = "http://127.0.0.1:8080"] = process.argv.slice(2);
const token = process.env.SLUICE_TOKEN;
const headers = { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) };

function end(sentence) {
  console.error(sentence);
  process.exit(1);
}

async function post(path, body) {
  let [trouble, seconds] = ["", 5];
  try {
    const answer = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
    const text = await answer.text();
    if (answer.ok) return JSON.parse(text || "{}");
    // 409: the lease was lost, and somebody else has the job. 429, 503: too much to do, or it stops.
    if (![409, 429, 503].includes(answer.status)) end(`${url}: ${text}`);
    [trouble, seconds] = [text, Number(answer.headers.get("Retry-After") ?? 1)];
  } catch (failure) {
    trouble = failure.cause ?? failure; // the server went away, or is not there yet
  }
  console.error(`${url}: ${trouble}; going on`);
  await new Promise((resume) => setTimeout(resume, seconds * 1000));
  return { jobs: [] };
}

if (!queue) end("usage: node worker.mjs QUEUE [URL]");
for (;;) {
  for (const job of (await post(`/v1/queues/${queue}/jobs:lease`, { max: 1, lease: "30s", wait: "20s" })).jobs) {
    let [word, body] = ["complete", {}];
    try {
      console.log("working on", job.id, JSON.stringify(job.payload)); // your work
    } catch (failure) {
      [word, body] = ["fail", { error: String(failure) }];
    }
    await post(`/v1/leases/${job.lease.token}:${word}`, body);
  }
}
