"""Health of databases, brokers and what computes on them: PostgreSQL, MongoDB, MySQL, Kafka, RabbitMQ, Spark, Flink."""

from __future__ import annotations

from typing import Final

from bot.engine.health.conventions import (
    READY,
    UNOBSERVED,
    ByConditions,
    ByPhase,
    Family,
    Rule,
    degraded,
    is_unobserved,
    progressing,
    said,
    suspended,
    text_at,
)
from bot.engine.health.fields import Section
from bot.model.health import Health, HealthStatus
from bot.model.resources import annotations_of

_HEALTHY, _PROGRESSING, _DEGRADED = Health.HEALTHY, Health.PROGRESSING, Health.DEGRADED
_SUSPENDED, _UNKNOWN = Health.SUSPENDED, Health.UNKNOWN

_CLOUD_NATIVE_PG: Final = {
    "Cluster in healthy state": _HEALTHY,
    **dict.fromkeys(
        (
            "Setting up primary",
            "Creating a new replica",
            "Upgrading cluster",
            "Waiting for the instances to become active",
            "Promoting to primary cluster",
            "Switchover in progress",
            "Upgrading Postgres major version",
            "Cluster upgrade delayed",
            "Primary instance is being restarted in-place",
            "Primary instance is being restarted without a switchover",
            "Online upgrade in progress",
            "Applying configuration",
        ),
        _PROGRESSING,
    ),
    "Waiting for user action": _SUSPENDED,
    **dict.fromkeys(
        (
            "Failing over",
            "Cluster cannot execute instance online upgrade due to missing architecture binary",
            "Unable to create required cluster objects",
            "Cluster cannot proceed to reconciliation due to an unknown plugin being required",
            "Cluster has incomplete or invalid image catalog",
            "Cluster is unrecoverable and needs manual intervention",
            "Not enough disk space",
        ),
        _DEGRADED,
    ),
}
"""Phases are sentences:
https://github.com/cloudnative-pg/cloudnative-pg/blob/main/api/v1/cluster_types.go (PhaseHealthy and those after it)"""


def cloud_native_pg(obj: Section) -> HealthStatus:
    """Judge a cluster of CloudNativePG by its phase, a sentence; hibernation and a stopped controller are Suspended."""
    if annotations_of(obj.values).get("cnpg.io/reconciliationLoop") == "disabled":
        return HealthStatus(_SUSPENDED, "Reconciliation is switched off by annotation")
    hibernation = obj.section("status").condition("cnpg.io/hibernation")
    if hibernation.text("status") == "True":
        return HealthStatus(_SUSPENDED, said(hibernation))
    if hibernation.text("reason") == "WrongAnnotationValue":
        return HealthStatus(_DEGRADED, said(hibernation))
    if hibernation.values:
        return HealthStatus(_PROGRESSING, said(hibernation))
    return ByPhase(_CLOUD_NATIVE_PG, words="status.phaseReason", otherwise=_UNKNOWN)(obj)


def applied(obj: Section) -> HealthStatus:
    """Judge what CloudNativePG applies inside a database: applied, not applied, or not looked at yet."""
    status = obj.section("status")
    if status.values.get("applied") is None:
        return HealthStatus(_PROGRESSING, "Waiting for the controller to report status.applied")
    if is_unobserved(obj, status):
        return UNOBSERVED
    words = status.text("message") or ("Applied" if status.flag("applied") else "Not applied")
    return HealthStatus(_HEALTHY if status.flag("applied") else _DEGRADED, words)


def percona(obj: Section) -> HealthStatus:
    """Judge a database of Percona by its state, with how many of its nodes are ready."""
    known = {"ready": _HEALTHY, "initializing": _PROGRESSING, "stopping": _PROGRESSING, "paused": _SUSPENDED}
    status = obj.section("status")
    state = status.text("state")
    if not state:
        return HealthStatus(_PROGRESSING, "Waiting for the controller to report status.state")
    # A list with MySQL, a text with MongoDB.
    words = status.values.get("message")
    told = "; ".join(map(str, words)) if isinstance(words, list) else str(words or "")
    nodes = f"{status.count('ready')} of {status.count('size')} nodes are ready"
    health = _DEGRADED if state == "error" else known.get(state, _UNKNOWN)
    return HealthStatus(health, f"State is {state}, {nodes}{f': {told}' if told else ''}")


def all_conditions(obj: Section) -> HealthStatus:
    """Judge what MariaDB's operator manages by all its conditions: one that has failed, one that has not come true."""
    entries = obj.section("status").sections("conditions")
    if not entries:
        return HealthStatus(_PROGRESSING, "Waiting for the controller to report conditions")
    for entry in entries:
        if entry.text("status") == "False":
            failed = "Failed" in {entry.text("reason"), entry.text("message")}
            return HealthStatus(_DEGRADED if failed else _PROGRESSING, said(entry))
    return HealthStatus(_HEALTHY, said(entries[-1]))


def sql_job(obj: Section) -> HealthStatus:
    """Judge a job of MariaDB's operator by the reason of a condition that is True."""
    for entry in obj.section("status").sections("conditions"):
        if entry.text("status") == "True" and entry.text("reason") in {"JobComplete", "JobFailed"}:
            return HealthStatus(_HEALTHY if entry.text("reason") == "JobComplete" else _DEGRADED, said(entry))
    return HealthStatus(_PROGRESSING, "Waiting for the job to end")


def cassandra(obj: Section) -> HealthStatus:
    """Judge a cluster of Cassandra by the members of its racks."""
    racks = obj.section("status").section("racks")
    if not racks.values:
        return HealthStatus(_PROGRESSING, "Waiting for the controller to report racks")
    for name in racks.values:
        rack = racks.section(name)
        if rack.count("members") != rack.count("readyMembers"):
            ready = f"{rack.count('readyMembers')} of {rack.count('members')} members are ready"
            return HealthStatus(_PROGRESSING, f"Rack {name}: {ready}")
    return HealthStatus(_HEALTHY, "All members of all racks are ready")


def solr(obj: Section) -> HealthStatus:
    """Judge a cloud of Solr by its nodes."""
    nodes = obj.section("status").sections("solrNodes")
    ready = sum(node.flag("ready") for node in nodes)
    words = f"{ready} of {len(nodes)} nodes are ready"
    return HealthStatus(_HEALTHY if nodes and ready == len(nodes) else _PROGRESSING, words)


def zookeeper(obj: Section) -> HealthStatus:
    """Judge an ensemble of ZooKeeper by its ready replicas."""
    status = obj.section("status")
    ready, wanted = status.count("readyReplicas"), status.count("replicas")
    words = f"{ready} of {wanted} replicas are ready"
    return HealthStatus(_HEALTHY if ready and ready == wanted else _PROGRESSING, words)


def banzai_kafka(obj: Section) -> HealthStatus:
    """Judge a cluster of Koperator by its state and each broker's configuration."""
    status = obj.section("status")
    brokers, state = status.section("brokersState"), status.text("state")
    if state == "ClusterRollingUpgrading" or not brokers.values:
        return HealthStatus(_PROGRESSING, f"State is {state or 'not reported'}")
    for name in brokers.values:
        broker = brokers.section(name)
        action = text_at(broker, "gracefulActionState.cruiseControlState")
        settled = action in {"GracefulUpscaleSucceeded", "GracefulDownscaleSucceeded"}
        if broker.text("configurationState") != "ConfigInSync" or not settled:
            return HealthStatus(
                _DEGRADED, f"Broker {name}: {broker.text('configurationState')}, {action or 'no action'}"
            )
    topic = status.text("cruiseControlTopicStatus")
    running = (state, topic) == ("ClusterRunning", "CruiseControlTopicReady")
    return HealthStatus(_HEALTHY if running else _PROGRESSING, f"State is {state}, {topic or 'no topic yet'}")


def confluent_connector(obj: Section) -> HealthStatus:
    """Judge a connector of Confluent by its state and its failed tasks."""
    status = obj.section("status")
    failed = status.count("failedTasksCount")
    state, connector = status.text("state"), status.text("connectorState")
    if state == "ERROR":
        entries = status.sections("conditions")
        return HealthStatus(_DEGRADED, said(entries[0]) if entries else "State is ERROR")
    if failed or connector == "FAILED":
        return HealthStatus(_DEGRADED, f"{failed} tasks have failed")
    running = (state, connector) == ("CREATED", "RUNNING")
    return HealthStatus(_HEALTHY if running else _PROGRESSING, f"State is {state or 'not reported'}")


def flink(obj: Section) -> HealthStatus:
    """Judge a deployment of Flink: what is deployed of it, and its job manager."""
    status = obj.section("status")
    reconciled, manager = status.section("reconciliationStatus"), status.text("jobManagerDeploymentStatus")
    if status.text("error") or manager == "ERROR":
        words = status.text("error") or reconciled.text("error")
        return HealthStatus(_DEGRADED, words or "The job manager has failed")
    if manager in {"DEPLOYED_NOT_READY", "DEPLOYING"}:
        return HealthStatus(_PROGRESSING, f"The job manager is {manager}")
    state = reconciled.text("state")
    if reconciled.flag("success") or state == "DEPLOYED":
        return HealthStatus(_HEALTHY, "It is deployed")
    return HealthStatus(_PROGRESSING, f"State is {state or 'not reported'}")


def spark(obj: Section) -> HealthStatus:
    """Judge an application of Spark by its state; while it runs, by how many executors do."""
    status = obj.section("status")
    state = text_at(status, "applicationState.state")
    known = {"COMPLETED": _HEALTHY, "FAILED": _DEGRADED, "SUBMISSION_FAILED": _DEGRADED, "FAILING": _DEGRADED}
    if state != "RUNNING":
        words = text_at(status, "applicationState.errorMessage")
        named = f"State is {state or 'not reported'}{f': {words}' if words else ''}"
        return HealthStatus(known.get(state, _PROGRESSING), named)
    running = list(status.section("executorState").values.values()).count("RUNNING")
    least = _executors(obj.section("spec"))
    words = f"{running} of {least} executors run"
    return HealthStatus(_HEALTHY if running >= least else _PROGRESSING, words)


def _executors(spec: Section) -> int:
    """Return how many executors are wanted at least."""
    dynamic, conf = spec.section("dynamicAllocation"), spec.section("sparkConf")
    if dynamic.flag("enabled"):
        return dynamic.count("minExecutors")
    for prefix in ("spark.streaming.dynamicAllocation", "spark.dynamicAllocation"):
        if conf.text(f"{prefix}.enabled") == "true":
            least = conf.text(f"{prefix}.minExecutors")
            return int(least) if least.isdecimal() else 0
    wanted = spec.section("executor").number("instances")
    return 1 if wanted is None else wanted


_POSTGRES: Final = {"Running": _HEALTHY, "Creating": _PROGRESSING, "Updating": _PROGRESSING}
_CLICKHOUSE: Final = ByPhase(
    {"Completed": _HEALTHY, "InProgress": _PROGRESSING}, at="status.status", otherwise=_DEGRADED, words="status.error"
)
_STRIMZI: Final = ByConditions(
    ("Ready",), (suspended("ReconciliationPaused"), progressing("NotReady", "True", "Creating"), degraded("NotReady"))
)
_STRIMZI_KINDS: Final = (
    "Kafka",
    "KafkaBridge",
    "KafkaConnect",
    "KafkaConnector",
    "KafkaMirrorMaker2",
    "KafkaTopic",
    "KafkaUser",
)
_RABBIT: Final = ByConditions(("ClusterAvailable", "AllReplicasReady"), (degraded("ReconcileSuccess", "False"),))
_RABBIT_KINDS: Final = (
    "Binding",
    "Exchange",
    "Federation",
    "OperatorPolicy",
    "Permission",
    "Policy",
    "Queue",
    "SchemaReplication",
    "Shovel",
    "SuperStream",
    "TopicPermission",
    "User",
    "Vhost",
)
_CONFLUENT: Final = ByPhase({"RUNNING": _HEALTHY, "PROVISIONING": _PROGRESSING, "ERROR": _DEGRADED})
_CONFLUENT_KINDS: Final = (
    "Connect",
    "ControlCenter",
    "Kafka",
    "KRaftController",
    "KsqlDB",
    "SchemaRegistry",
    "Zookeeper",
)
_MONGO: Final = ByPhase({"Running": _HEALTHY, "Failed": _DEGRADED, "Disabled": _SUSPENDED})
_MARIADB: Final[dict[str, Rule]] = {
    "MariaDB": all_conditions,
    "Backup": all_conditions,
    "SqlJob": sql_job,
    **dict.fromkeys(("Database", "Grant", "User", "Connection"), READY),
}

FAMILIES: Final = (
    Family(
        "acid.zalan.do",
        {"postgresql": ByPhase(_POSTGRES, at="status.PostgresClusterStatus", otherwise=_DEGRADED)},
        "https://github.com/zalando/postgres-operator/blob/master/pkg/apis/acid.zalan.do/v1/const.go",
    ),
    Family(
        "postgresql.cnpg.io",
        {
            "Cluster": cloud_native_pg,
            **dict.fromkeys(("Database", "Publication", "Subscription"), applied),
            "Backup": ByPhase({"completed": _HEALTHY, "failed": _DEGRADED}, words="status.error"),
        },
        "https://cloudnative-pg.io/documentation/current/cloudnative-pg.v1/",
    ),
    Family("psmdb.percona.com", {"PerconaServerMongoDB": percona}),
    Family("pxc.percona.com", {"PerconaXtraDBCluster": percona}),
    Family(
        "mongodb.com",
        dict.fromkeys(("MongoDB", "MongoDBMultiCluster", "MongoDBUser"), _MONGO),
        "https://www.mongodb.com/docs/kubernetes/current/reference/",
    ),
    Family(
        "mongodbcommunity.mongodb.com",
        {"MongoDBCommunity": _MONGO},
        "https://github.com/mongodb/mongodb-kubernetes-operator",
    ),
    Family("k8s.mariadb.com", _MARIADB, "https://github.com/mariadb-operator/mariadb-operator"),
    Family("mariadb.mmontes.io", {"MariaDB": all_conditions}, "https://github.com/mariadb-operator/mariadb-operator"),
    Family("clickhouse.altinity.com", {"ClickHouseInstallation": _CLICKHOUSE}),
    Family("clickhouse-keeper.altinity.com", {"ClickHouseKeeperInstallation": _CLICKHOUSE}),
    Family("cassandra.rook.io", {"Cluster": cassandra}),
    Family("solr.apache.org", {"SolrCloud": solr}, "https://apache.github.io/solr-operator/docs/solr-cloud/"),
    Family("zookeeper.pravega.io", {"ZookeeperCluster": zookeeper}, "https://github.com/pravega/zookeeper-operator"),
    Family(
        "kafka.strimzi.io",
        dict.fromkeys(_STRIMZI_KINDS, _STRIMZI),
        "https://strimzi.io/docs/operators/latest/deploying",
    ),
    Family("kafka.banzaicloud.io", {"KafkaCluster": banzai_kafka}, "https://github.com/banzaicloud/koperator"),
    Family(
        "platform.confluent.io",
        {**dict.fromkeys(_CONFLUENT_KINDS, _CONFLUENT), "Connector": confluent_connector},
        "https://docs.confluent.io/operator/current/co-api.html",
    ),
    Family(
        "rabbitmq.com",
        {"RabbitmqCluster": _RABBIT, **dict.fromkeys(_RABBIT_KINDS, READY)},
        "https://www.rabbitmq.com/kubernetes/operator/using-operator",
    ),
    Family("flink.apache.org", {"FlinkDeployment": flink}),
    Family("sparkoperator.k8s.io", {"SparkApplication": spark}),
)
