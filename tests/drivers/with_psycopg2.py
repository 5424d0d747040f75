import io
from contextlib import contextmanager
from datetime import datetime, timezone
from decimal import Decimal

import psycopg2
import psycopg2.extras

from seat import ARRAYS, CAST, VALUES, cancelled, place, report, serve, told, trusting, waited


@contextmanager
def within(**more):
    connection = psycopg2.connect(**place(**more))
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
    except psycopg2.Error as error:
        return error.pgcode
    raise AssertionError("it did not fail")


def answer(cursor):
    return first(cursor, "SELECT 42")


def scram():
    with within() as (_, cursor):
        wrong = told(lambda: psycopg2.connect(**place(password="cs_wrong")), "the token is not valid", "told")
        return dict(answer=answer(cursor), wrong=wrong)


def tls():
    with within(sslmode="require") as (connection, cursor):
        assert connection.info.ssl_in_use
        return dict(answer=answer(cursor))


def verified():
    with within(**trusting("CERTIFICATE")) as (_, cursor):
        stranger = told(lambda: psycopg2.connect(**place(**trusting("STRANGER"))), "certificate verify failed", "refused")
        return dict(answer=answer(cursor), stranger=stranger)


def text():
    at = datetime(2026, 11, 23, 12, 34, 56, 789000, timezone.utc)
    given = {**VALUES, "numeric": Decimal(VALUES["numeric"]), "at": at, "bytes": bytes.fromhex(VALUES["bytes"]), "json": psycopg2.extras.Json(VALUES["json"])}
    with within() as (_, cursor):
        cursor.execute(f"SELECT {CAST}", list(given.values()))
        return report(cursor.fetchone())


def arrays():
    with within() as (_, cursor):
        cursor.execute("SELECT %s::int[], %s::text[]", [ARRAYS["ints"], ARRAYS["texts"]])
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
        psycopg2.extras.execute_batch(cursor, "INSERT INTO batched VALUES (%s)", [(n,) for n in range(1, 21)])
        return dict(written=first(cursor, "SELECT count(*) FROM batched"), sum=first(cursor, "SELECT sum(n)::int FROM batched"))


def copy_out():
    with within() as (_, cursor):
        into = io.StringIO()
        cursor.copy_expert("COPY (SELECT n, 'a' FROM generate_series(1, 50000) AS n) TO STDOUT", into)
        lines = into.getvalue().splitlines()
        return dict(rows=len(lines), first=lines[0], last=lines[-1])


def copy_in():
    with within() as (_, cursor):
        cursor.copy_expert("COPY copied FROM STDIN", io.StringIO("".join(f"{n}\tsome text\n" for n in range(20_000))))
        return dict(rows=cursor.rowcount, answer=answer(cursor))


def copy_refused():
    with within() as (_, cursor):
        try:
            cursor.copy_expert("COPY copied FROM STDIN", io.StringIO("1\ta\nnot a number\tb\n"))
        except psycopg2.Error as error:
            return dict(failed=error.pgcode, answer=answer(cursor))


def cancel():
    with within() as (connection, cursor):
        return dict(failed=cancelled(connection.cancel, lambda: code(cursor, "SELECT pg_sleep(30)")), answer=answer(cursor))


def listen():
    with within() as (connection, cursor), within() as (_, other):
        cursor.execute("LISTEN news")
        other.execute("NOTIFY news, 'from another'")
        heard = waited(lambda: connection.poll() or connection.notifies)[0]
        return dict(channel=heard.channel, payload=heard.payload)


def notice():
    with within() as (connection, cursor):
        cursor.execute("DO $$ BEGIN RAISE NOTICE 'hello'; END $$")
        return dict(notices=[line.removeprefix("NOTICE:").strip() for line in connection.notices])


def error():
    with within() as (_, cursor):
        try:
            cursor.execute("INSERT INTO checked VALUES (-1)")
        except psycopg2.Error as failed:
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
    with within() as (_, cursor):
        cursor.execute("PREPARE echo AS SELECT $1::int")
        answers = [first(cursor, "EXECUTE echo(%s)", [n]) for n in range(8)]
        return dict(answers=answers, prepared=first(cursor, "SELECT count(*) FROM pg_prepared_statements WHERE name = 'echo'") == 1)


def large_object():
    with within() as (_, cursor):
        oid = first(cursor, "SELECT lo_from_bytea(0, %s)", [b"\x00\xff"])
        cursor.execute("SELECT lo_put(%s, 2, %s)", [oid, b"\x10"])
        read = bytes(first(cursor, "SELECT lo_get(%s)", [oid]))
        cursor.execute("SELECT lo_unlink(%s)", [oid])
        return dict(read=read.hex(), gone=code(cursor, "SELECT lo_get(%s)", [oid]) == "42704")


def large_object_calls():
    with within() as (connection, cursor):
        connection.autocommit = False
        made = connection.lobject(0, "wb")
        made.write(b"\x00\xff\x10")
        made.close()
        read = connection.lobject(made.oid, "rb").read()
        connection.lobject(made.oid).unlink()
        connection.commit()
        return dict(read=read.hex(), gone=code(cursor, "SELECT lo_get(%s)", [made.oid]) == "42704")


def held_batch():
    with within(dbname="reviewed", sslmode="require") as (_, cursor):
        try:
            psycopg2.extras.execute_batch(cursor, "INSERT INTO batched VALUES (%s)", [(n,) for n in (101, 102, 103)])
        except psycopg2.Error as failed:
            return dict(rows=None, failed=failed.pgcode, answer=answer(cursor))
        return dict(rows=first(cursor, "SELECT count(*) FROM batched WHERE n > 100"), failed=None, answer=answer(cursor))


def held(statement):
    with within(dbname="reviewed", sslmode="require") as (_, cursor):
        try:
            cursor.execute(statement)
        except psycopg2.Error as failed:
            return dict(rows=None, failed=failed.pgcode, answer=answer(cursor))
        return dict(rows=cursor.rowcount, failed=None, answer=answer(cursor))


serve(
    dict(
        scram=scram, tls=tls, verified=verified, text=text, arrays=arrays, cursor=cursor, batch=batch, copyOut=copy_out, copyIn=copy_in,
        copyRefused=copy_refused, cancel=cancel, listen=listen, notice=notice, error=error, transaction=transaction, prepared=prepared,
        largeObject=large_object, largeObjectCalls=large_object_calls, heldBatch=held_batch,
    ),
    held,
)
