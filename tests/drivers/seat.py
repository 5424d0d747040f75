"""What the Python clients share: behaviours asked for by name, one a line, answered by a line of JSON each."""
import json
import os
import sys
import threading
import time

VALUES = dict(
    int=42, big="9007199254740993", numeric="12345678901234567890.125", text="it's ünïcode 😀", nothing=None,
    at="2026-11-23T12:34:56.789Z", flag=True, bytes="00ff10275c", json={"a": [1, None, "x"]},
)
ARRAYS = dict(ints=[1, None, 3], texts=["a", 'b,"c', None])
CAST = "%s::int, %s::int8, %s::numeric, %s::text, %s::text, %s::timestamptz, %s::bool, %s::bytea, %s::jsonb"


def place(**more):
    known = dict(host=os.environ["PGHOST"], port=os.environ["PGPORT"], user=os.environ["PGUSER"], password=os.environ["PGPASSWORD"])
    return {**known, "dbname": "db", "sslmode": "disable", **more}


def trusting(file):
    return dict(sslmode="verify-full", sslrootcert=os.environ[file])


def report(row):
    given = dict(zip(VALUES, row))
    at = given["at"].isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {**given, "big": str(given["big"]), "numeric": str(given["numeric"]), "at": at, "bytes": bytes(given["bytes"]).hex()}


def told(connect, hint, name):
    """The name where connecting fails with the hint in its message."""
    try:
        connect().close()
    except Exception as error:
        return name if hint in str(error) else str(error)
    return "connected"


def cancelled(cancel, work):
    """Cancels again and again until the work is over: it may not have begun the first time."""
    over = threading.Event()

    def insist():
        while not over.wait(0.2):
            cancel()

    thread = threading.Thread(target=insist)
    thread.start()
    try:
        return work()
    finally:
        over.set()
        thread.join()


def waited(poll):
    """What poll() gives at last."""
    for _ in range(100):
        found = poll()
        if found:
            return found
        time.sleep(0.05)
    raise TimeoutError("nothing came")


def serve(rows, held):
    for line in sys.stdin:
        name = line.rstrip("\n")
        try:
            answer = dict(reports=held(name[5:]) if name.startswith("held ") else rows[name]())
        except Exception as error:
            answer = dict(failed=f"{type(error).__name__}: {error}")
        print(json.dumps(answer), flush=True)
