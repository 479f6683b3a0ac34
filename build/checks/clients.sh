# Clients that are not ours on a server: the workers in other languages, each until its jobs are
# done, and wrk, whose requests the server must have counted.
set -euo pipefail

work=$(mktemp -d)
pids=()
finish() {
  [ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

# fail SENTENCE: shows what there is to see.
fail() {
  tail -n 50 "$work"/*.log
  echo "$1"
  exit 1
}

./sluice --version # builds what is not built
cat >"$work/sluice.yaml" <<'YAML'
queues:
  python: {}
  node: {}
  flood: {capacity: {jobs: 5000}}
YAML
./sluice serve --config "$work/sluice.yaml" --data "$work/data" --engine memory: --port 0 >"$work/serve.log" 2>&1 &
pids+=($!)
url=
for _ in $(seq 600); do
  url=$(grep -o -m 1 'http://127.0.0.1:[0-9]*' "$work/serve.log" || true)
  [ -z "$url" ] || break
  kill -0 "${pids[0]}" || fail "the server ended"
  read -r -t 0.1 <> <(:) || true
done
[ -n "$url" ] || fail "the server did not start"

last() {
  curl -sf -d "{\"payload\": {\"n\": $2}}" "$url/v1/queues/$1/jobs" | grep -o '[0-9a-f-]\{36\}' | head -n 1
}
declare -A ids
for queue in python node; do
  for n in 1 2 3 4 5; do ids[$queue]=$(last "$queue" "$n"); done
done
python3 examples/http/worker.py python "$url" >"$work/python.log" 2>&1 &
pids+=($!)
node examples/http/worker.mjs node "$url" >"$work/node.log" 2>&1 &
pids+=($!)
for queue in python node; do
  answer=$(curl -sf "$url/v1/jobs/${ids[$queue]}?wait=30s")
  case $answer in
    *'"state":"SUCCEEDED"'*) echo "the worker in $queue did its jobs" ;;
    *) fail "the worker in $queue did not do its jobs: $answer" ;;
  esac
done

# wrk knows 202 from the rest, and keeps to itself what was under way on its 32 connections at its end.
connections=32
cat >"$work/post.lua" <<'LUA'
wrk.method = "POST"
wrk.body = '{"payload":{"to":"ada@example.org"}}'
wrk.headers["Content-Type"] = "application/json"
LUA
wrk -t1 -c$connections -d2s -s "$work/post.lua" "$url/v1/queues/flood/jobs" >"$work/wrk.log"
if grep -q 'Socket errors' "$work/wrk.log"; then fail "wrk lost connections"; fi
counted() {
  grep -o "\"$1\":[0-9]*" "$work/flood" | head -n 1 | cut -d : -f 2
}
curl -sf "$url/v1/queues/flood" >"$work/flood"
sent=$(sed -n 's/^ *\([0-9]*\) requests in .*/\1/p' "$work/wrk.log")
refused=$(sed -n 's/^ *Non-2xx or 3xx responses: //p' "$work/wrk.log")
[ "$(counted accepted)" = 5000 ] && [ "$(counted READY)" = 5000 ] || fail "not 5000 jobs: $(cat "$work/flood")"
answered=$(($(counted accepted) + $(counted refused)))
[ "$answered" -ge "$sent" ] && [ "$answered" -le $((sent + connections)) ] && [ $((sent - refused)) -le 5000 ] ||
  fail "the server answered $answered of wrk's $sent requests: $(cat "$work/flood")"
echo "wrk sent $sent jobs, ${refused:-0} were refused"
