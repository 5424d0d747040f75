from contextlib import contextmanager
from datetime import datetime, timezone
from decimal import Decimal

import psycopg
from psycopg.types.json import Jsonb

from seat import ARRAYS, CAST, VALUES, cancelled, place, report, serve, told, trusting


@contextmanager
def within(**more):
    connection = psycopg.connect(**place(**more))
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET TimeZone = 'UTC'")
            yield connection, cursor
    finally:
        connection.close()


def first(cursor, sql, values=None):
    cursor.execute(sql, values)
    return cursor.fetchone()[0]


def code(cursor, sql, values=None):
    try:
        cursor.execute(sql, values)
    except psycopg.Error as error:
        return error.sqlstate
    raise AssertionError("it did not fail")


def answer(cursor):
    return first(cursor, "SELECT 42")


def scram():
    with within() as (_, cursor):
        wrong = told(lambda: psycopg.connect(**place(password="cs_wrong")), "the token is not valid", "told")
        return dict(answer=answer(cursor), wrong=wrong)


def tls():
    with within(sslmode="require") as (connection, cursor):
        assert connection.pgconn.ssl_in_use
        return dict(answer=answer(cursor))


def verified():
    with within(**trusting("CERTIFICATE")) as (_, cursor):
        stranger = told(lambda: psycopg.connect(**place(**trusting("STRANGER"))), "certificate verify failed", "refused")
        return dict(answer=answer(cursor), stranger=stranger)


def values(binary):
    at = datetime(2026, 11, 23, 12, 34, 56, 789000, timezone.utc)
    given = {**VALUES, "numeric": Decimal(VALUES["numeric"]), "at": at, "bytes": bytes.fromhex(VALUES["bytes"]), "json": Jsonb(VALUES["json"])}
    with within() as (_, cursor):
        cast = CAST.replace("%s", "%b") if binary else CAST.replace("%s", "%t")
        cursor.execute(f"SELECT {cast}", list(given.values()), binary=binary)
        return report(cursor.fetchone())


def arrays():
    with within() as (_, cursor):
        cursor.execute("SELECT %b::int[], %b::text[]", [ARRAYS["ints"], ARRAYS["texts"]], binary=True)
        return dict(zip(ARRAYS, cursor.fetchone()))


def cursor():
    with within() as (connection, own):
        connection.autocommit = False
        with connection.cursor("portions") as portions:
            portions.itersize = 100
            portions.execute("SELECT n FROM generate_series(1, 1000) AS n")
            rows = [n for (n,) in portions]
        with connection.cursor("early") as portions:
            portions.execute("SELECT n FROM generate_series(1, 1000) AS n")
            early = portions.fetchmany(10)
        return dict(rows=len(rows), last=rows[-1], early=len(early), answer=answer(own))


def batch():
    with within() as (_, cursor):
        cursor.executemany("INSERT INTO batched VALUES (%s)", [(n,) for n in range(1, 21)])
        return dict(written=cursor.rowcount, sum=first(cursor, "SELECT sum(n)::int FROM batched"))


def pipeline():
    """An error takes everything with it up to the next sync, so it stands between two."""
    with within() as (connection, _):
        ask = lambda: [connection.execute("SELECT %s::int", [n]) for n in range(50)]
        with connection.pipeline() as pipe:
            before = ask()
            pipe.sync()
            failing = connection.execute("SELECT 1 / %s::int", [0])
            try:
                pipe.sync()
                failing.fetchone()
                failed = None
            except psycopg.Error as error:
                failed = error.sqlstate
            after = ask()
        return dict(before=len([each.fetchone() for each in before]), failed=failed, after=len([each.fetchone() for each in after]))


def copy_out():
    with within() as (_, cursor):
        with cursor.copy("COPY (SELECT n, 'a' FROM generate_series(1, 50000) AS n) TO STDOUT") as copy:
            lines = b"".join(copy).decode().splitlines()
        return dict(rows=len(lines), first=lines[0], last=lines[-1])


def copy_in():
    with within() as (_, cursor):
        with cursor.copy("COPY copied FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(["int4", "text"])
            for n in range(20_000):
                copy.write_row((n, "some text"))
        return dict(rows=cursor.rowcount, answer=answer(cursor))


def copy_refused():
    with within() as (_, cursor):
        try:
            with cursor.copy("COPY copied FROM STDIN") as copy:
                copy.write("1\ta\nnot a number\tb\n")
        except psycopg.Error as error:
            return dict(failed=error.sqlstate, answer=answer(cursor))


def cancel():
    with within() as (connection, cursor):
        return dict(failed=cancelled(connection.cancel, lambda: code(cursor, "SELECT pg_sleep(30)")), answer=answer(cursor))


def listen():
    with within() as (connection, cursor), within() as (_, other):
        cursor.execute("LISTEN news")
        other.execute("NOTIFY news, 'from another'")
        heard = next(connection.notifies())
        return dict(channel=heard.channel, payload=heard.payload)


def notice():
    with within() as (connection, cursor):
        notices = []
        connection.add_notice_handler(lambda diag: notices.append(diag.message_primary))
        cursor.execute("DO $$ BEGIN RAISE NOTICE 'hello'; END $$")
        return dict(notices=notices)


def error():
    with within() as (_, cursor):
        try:
            cursor.execute("INSERT INTO checked VALUES (-1)")
        except psycopg.Error as failed:
            diag = failed.diag
            detail = diag.message_detail.startswith("Failing row")
            return dict(code=diag.sqlstate, message=diag.message_primary, table=diag.table_name, constraint=diag.constraint_name, detail=detail)


def transaction():
    with within() as (connection, cursor):
        connection.autocommit = False
        cursor.execute("INSERT INTO checked VALUES (1)")
        cursor.execute("SAVEPOINT s")
        failed = code(cursor, "INSERT INTO checked VALUES (-1)")
        aborted = code(cursor, "SELECT 1")
        cursor.execute("ROLLBACK TO s")
        cursor.execute("INSERT INTO checked VALUES (2)")
        connection.commit()
        cursor.execute("DELETE FROM checked RETURNING n")
        kept = [n for (n,) in cursor.fetchall()]
        connection.commit()
        return dict(failed=failed, aborted=aborted, kept=kept)


def prepared():
    with within() as (connection, cursor):
        answers = [connection.execute("SELECT %s::int4", [n], prepare=True).fetchone()[0] for n in range(8)]
        return dict(answers=answers, prepared=first(cursor, "SELECT count(*) FROM pg_prepared_statements WHERE NOT from_sql") >= 1)


def large_object():
    with within() as (_, cursor):
        oid = first(cursor, "SELECT lo_from_bytea(0, %s)", [b"\x00\xff"])
        cursor.execute("SELECT lo_put(%s, 2, %s)", [oid, b"\x10"])
        read = bytes(first(cursor, "SELECT lo_get(%s)", [oid]))
        cursor.execute("SELECT lo_unlink(%s)", [oid])
        return dict(read=read.hex(), gone=code(cursor, "SELECT lo_get(%s)", [oid]) == "42704")


def held_batch():
    with within(dbname="reviewed", sslmode="require") as (connection, cursor):
        try:
            with connection.pipeline():
                rows = [connection.execute("INSERT INTO batched VALUES (%s)", [n]) for n in (101, 102, 103)]
        except psycopg.Error as failed:
            return dict(rows=None, failed=failed.sqlstate, answer=answer(cursor))
        return dict(rows=sum(each.rowcount for each in rows), failed=None, answer=answer(cursor))


def held(statement):
    with within(dbname="reviewed", sslmode="require") as (_, cursor):
        try:
            cursor.execute(statement)
        except psycopg.Error as failed:
            return dict(rows=None, failed=failed.sqlstate, answer=answer(cursor))
        return dict(rows=cursor.rowcount, failed=None, answer=answer(cursor))


serve(
    dict(
        scram=scram, tls=tls, verified=verified, text=lambda: values(False), binary=lambda: values(True), arrays=arrays, cursor=cursor, batch=batch, pipeline=pipeline, copyOut=copy_out, copyIn=copy_in,
        copyRefused=copy_refused, cancel=cancel, listen=listen, notice=notice, error=error, transaction=transaction, prepared=prepared,
        largeObject=large_object, heldBatch=held_batch,
    ),
    held,
)
