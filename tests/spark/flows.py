#!/usr/bin/env python3
"""The largest flows between accounts and the largest holders of each token, asked of Parquet by DuckDB and by PySpark.

Usage: flows.py DIR    DIR: what `runnel export DB DIR --format parquet --partition N` wrote

starting_balances are those after block 0, whose own transfers are left out. The native coin has no such transfers, and is left out too.
Both sum amounts as DECIMAL(38, 0), exactly, so the answers must be equal. Spark runs as a cluster of two workers of its
own (`local-cluster`), whose tasks read parts of some blocks each.
"""
import pathlib
import sys
import time

import duckdb
from pyspark.sql import SparkSession

TOP = 10

# Both understand these; `{...}` is the name of a table.
FLOWS = f"""
SELECT token_address, from_address, to_address, count(*) AS payments, sum(value_decimal) AS paid
FROM {{token_transfers}} WHERE block_number > 0 GROUP BY token_address, from_address, to_address
ORDER BY paid DESC, token_address, from_address, to_address LIMIT {TOP}"""

HOLDERS = f"""
SELECT token_address, address, sum(amount) AS balance FROM (
    SELECT token_address, address, balance_decimal AS amount FROM {{starting_balances}}
    UNION ALL SELECT token_address, to_address, value_decimal FROM {{token_transfers}} WHERE block_number > 0
    UNION ALL SELECT token_address, from_address, -value_decimal FROM {{token_transfers}} WHERE block_number > 0) moves
WHERE address <> '0x0000000000000000000000000000000000000000'
    AND token_address IN (SELECT token_address FROM {{token_transfers}})
GROUP BY token_address, address ORDER BY balance DESC, token_address, address LIMIT {TOP}"""

QUESTIONS = {"flows": FLOWS, "holders": HOLDERS}
TABLES = ("token_transfers", "starting_balances")


def asked_of_duckdb(folder: pathlib.Path) -> dict[str, list[tuple]]:
    tables = {name: f"read_parquet('{folder}/{name}/**/*.parquet')" for name in TABLES}
    return {name: [tuple(row[:-1]) + (int(row[-1]),) for row in duckdb.sql(question.format(**tables)).fetchall()]
            for name, question in QUESTIONS.items()}


def asked_of_spark(folder: pathlib.Path) -> dict[str, list[tuple]]:
    spark = (SparkSession.builder.master("local-cluster[2,1,1024]").appName("flows").config("spark.ui.enabled", "false")
             .config("spark.sql.shuffle.partitions", "8").config("spark.driver.host", "127.0.0.1").getOrCreate())
    try:
        spark.sparkContext.setLogLevel("ERROR")
        for name in TABLES:
            spark.read.parquet(str(folder / name)).createOrReplaceTempView(name)
        return {name: [tuple(row[:-1]) + (int(row[-1]),) for row in spark.sql(question.format(**{name: name for name in TABLES})).collect()]
                for name, question in QUESTIONS.items()}
    finally:
        spark.stop()


def main() -> None:
    folder = pathlib.Path(sys.argv[1]).resolve()
    answers = {}
    for name, asked in (("DuckDB", asked_of_duckdb), ("PySpark", asked_of_spark)):
        begin = time.monotonic()
        answers[name] = asked(folder)
        print(f"{name}: {time.monotonic() - begin:.1f} s")
    for question, rows in answers["DuckDB"].items():
        print(f"\n{question}")
        for row in rows:
            print("  " + "  ".join(str(cell) for cell in row))
        if not rows or rows != answers["PySpark"][question]:
            sys.exit(f"FAILED: {question}: PySpark says {answers['PySpark'][question]}")
    print("\nboth say the same")


if __name__ == "__main__":
    main()
