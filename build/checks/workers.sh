# The workers in other languages: a server, a queue, and each worker until its jobs are done.
set -euo pipefail

work=$(mktemp -d)
pids=()
finish() {
  [ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

cat >"$work/sluice.yaml" <<'YAML'
queues:
  python: {}
  node: {}
YAML
./sluice serve --config "$work/sluice.yaml" --data "$work/data" --engine memory: --port 0 >"$work/serve.log" 2>&1 &
pids+=($!)
url=
for _ in $(seq 600); do
  url=$(grep -o -m 1 'http://127.0.0.1:[0-9]*' "$work/serve.log" || true)
  [ -z "$url" ] || break
  kill -0 "${pids[0]}" || { cat "$work/serve.log"; exit 1; }
  read -r -t 0.1 <> <(:) || true
done
[ -n "$url" ] || { cat "$work/serve.log"; echo "the server did not start"; exit 1; }

last() {
  curl -sf -X POST -H 'Content-Type: application/json' -d "{\"payload\": {\"n\": $2}}" \
    "$url/v1/queues/$1/jobs" | grep -o '[0-9a-f-]\{36\}' | head -n 1
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
    *)
      echo "$answer"
      cat "$work/$queue.log" "$work/serve.log"
      echo "the worker in $queue did not do its jobs"
      exit 1
      ;;
  esac
done
