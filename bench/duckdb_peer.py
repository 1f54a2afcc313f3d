"""DuckDB in a process of its own, one thread, everything in memory: what velo is measured against.

Reads a JSON object per line, {"sql": text}, and answers each with one:
{"rows": [...], "cpu": seconds, "wall": seconds} or {"error": text}. A process of its own because
its memory must not count as that of the programs that bench/run starts.
"""

import json
import sys
import time


def answer(connection, request):
    cpu, wall = time.process_time(), time.perf_counter()
    result = connection.execute(request["sql"])
    rows = result.fetchall() if result.description else []
    return {
        "rows": rows,
        "cpu": time.process_time() - cpu,
        "wall": time.perf_counter() - wall,
    }


def main():
    sys.path.insert(0, sys.argv[1])
    import duckdb

    connection = duckdb.connect(":memory:")
    connection.execute("SET threads = 1")
    for line in sys.stdin:
        try:
            reply = answer(connection, json.loads(line))
        except duckdb.Error as error:
            reply = {"error": str(error)}
        print(json.dumps(reply, default=str), flush=True)


if __name__ == "__main__":
    main()
