"""A database operator and a team's database: two applications, the second's objects defined by the first."""

from __future__ import annotations

from pathlib import Path

from tests.fidelity.stacks.table import Stack, StackChange, remove, swap

_OLD_PARAMETERS = "                    parameters: {type: object, additionalProperties: {type: string}}\n"
_NEW_PARAMETERS = (
    f"{_OLD_PARAMETERS}                    synchronous: {{type: string, enum: [any, first], default: any}}\n"
)
_PATCH = "-n tidepool-shop patch clusters.postgres.tidepool.example orders --type=merge -p "

STACK = Stack(
    folder=Path(__file__).parent,
    word="tidepool",
    changes=(
        StackChange(
            "a cluster gets more instances, which somebody had reduced",
            (swap("cluster/cluster.yaml", "instances: 3", "instances: 5"),),
            "change Cluster; drift Cluster",
            by_hand=(f"""{_PATCH}'{{"spec": {{"instances": 2}}}}'""",),
        ),
        StackChange(
            "a cluster's storage grows where a parameter was set by hand",
            (swap("cluster/cluster.yaml", "size: 20Gi", "size: 40Gi"),),
            "change Cluster",
            by_hand=(f"""{_PATCH}'{{"spec": {{"postgresql": {{"parameters": {{"work_mem": "64MB"}}}}}}}}'""",),
        ),
        StackChange(
            "a cluster's storage shrinks and moves, which its rules forbid",
            (swap("cluster/cluster.yaml", "{size: 20Gi, storageClass: fast}", "{size: 10Gi, storageClass: slow}"),),
            "fails Cluster",
        ),
        StackChange(
            "there are to be as many synchronous replicas as instances",
            (swap("cluster/cluster.yaml", "minSyncReplicas: 1", "minSyncReplicas: 3"),),
            "fails Cluster",
        ),
        StackChange(
            "the operator's definition gains a field that the other application's cluster uses",
            (
                swap("operator/crds.yaml", _OLD_PARAMETERS, _NEW_PARAMETERS),
                swap("operator/operator.yaml", "tidepool:1.25.0", "tidepool:1.26.0"),
                swap("cluster/cluster.yaml", "    pg_hba:", "    synchronous: first\n    pg_hba:"),
            ),
            "change Cluster (estimated); change CustomResourceDefinition; change Deployment",
        ),
        StackChange(
            "a claim shrinks, which cannot be",
            (swap("cluster/backup.yaml", "storage: 50Gi", "storage: 30Gi"),),
            "fails PersistentVolumeClaim",
        ),
        StackChange(
            "a job that may be replaced runs another image",
            (swap("cluster/legacy.yaml", "seed:5", "seed:6"),),
            "replace Job",
        ),
        StackChange(
            "the old replica is removed, and its service was deleted by hand",
            (remove("cluster/legacy.yaml"),),
            "drift Service; prune Job; prune StatefulSet",
            by_hand=("-n tidepool-shop delete service replica-reporting",),
        ),
        StackChange(
            "the password is changed, roles stand in another order, the dump runs later",
            (
                swap("cluster/secret.yaml", "not-a-real-password", "no-real-password"),
                swap(
                    "cluster/cluster.yaml",
                    "      - {name: reader, login: true}\n      - {name: writer, login: true, connectionLimit: 50}\n",
                    "      - {name: writer, login: true, connectionLimit: 50}\n      - {name: reader, login: true}\n",
                ),
                swap("cluster/backup.yaml", "30 3 * * *", "30 4 * * *"),
            ),
            "change CronJob; change Secret",
        ),
        StackChange(
            "a definition stops to serve what an object is of",
            (
                swap(
                    "operator/crds.yaml",
                    "    - name: v1\n      served: true\n      storage: true\n      subresources: {status: {}}",
                    "    - name: v2\n      served: true\n      storage: true\n      subresources: {status: {}}",
                ),
            ),
            "fails CustomResourceDefinition",
        ),
    ),
)
