"""Strong scaling of audits on this machine's cores: `python -m benchmarks.audit_scaling`.

Into results/audit-scaling.json. The data set of `audit_planted`, smaller, by one and by two workers: processes of this
machine, and Ray actors on a cluster of two nodes (extra `cluster`). Only local workers' processor time can be read; it
says what a row costs. The driver's is read in both, since it sets the limit where there are many machines.
"""

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.audit_planted import SEED, prepare, run
from benchmarks.record import record
from tomeishi.testing.cluster import SETTINGS, Cluster

WORKERS = (1, 2)
ROWS_IN_SHARD = 2_000
"""Enough shards that two workers end at about the same time."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=30_000)
    parser.add_argument("--thumbnails", type=float, default=0.05, help="share of rows that have one")
    given = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="b-") as name:
        folder = Path(name)
        prepare(folder, given.rows, given.thumbnails, rows_in_shard=ROWS_IN_SHARD)
        os.environ.update(SETTINGS)
        cluster = Cluster(folder / "ray")
        runs: list[dict[str, Any]] = []
        try:
            for count in WORKERS:
                runs.append({"runner": "processes", "workers": count, **audited(folder, f"p{count}", count)})
            cluster.start_head(cpus=1)
            cluster.wait_for(1)
            cluster.start_node("second", cpus=1)
            cluster.wait_for(2)
            for count in WORKERS:
                place = ("--ray", cluster.address)
                runs.append({"runner": "Ray", "workers": count, **audited(folder, f"r{count}", count, *place)})
        finally:
            cluster.stop()
    figures = {"rows": given.rows, "shards": -(-given.rows // ROWS_IN_SHARD), "runs": runs}
    print(record("audit-scaling", seed=SEED, settings=vars(given) | {"load_before": round(load, 1)}, figures=figures))


def audited(folder: Path, out: str, workers: int, *options: str) -> dict[str, Any]:
    """Into another folder each time, which has none of the shards: all are audited anew."""
    return run(folder / "home", folder / "set", folder / out, "--workers", str(workers), *options)


if __name__ == "__main__":
    main()
