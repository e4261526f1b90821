"""Objects of many kinds to change: each kind says which fields vary and how.

`APP` in a name stands for the application: cluster-scoped objects of two applications must not be the same one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.fidelity.kinds import access, admission, classes, core, custom, networking, workloads
from tests.fidelity.kinds.drawing import Some

KINDS: Final[tuple[Callable[[str], Some], ...]] = (
    core.config_map,
    core.secret,
    core.service,
    core.service_account,
    core.endpoint_slice,
    core.volume_claim,
    core.volume,
    core.limit_range,
    core.resource_quota,
    core.pod,
    core.pod_template,
    workloads.replication_controller,
    workloads.deployment,
    workloads.stateful_set,
    workloads.daemon_set,
    workloads.replica_set,
    workloads.controller_revision,
    workloads.job,
    workloads.cron_job,
    workloads.autoscaler,
    workloads.disruption_budget,
    networking.ingress,
    networking.ingress_class,
    networking.network_policy,
    access.role,
    access.cluster_role,
    access.role_binding,
    access.cluster_role_binding,
    classes.priority_class,
    classes.storage_class,
    classes.volume_attributes_class,
    classes.csi_driver,
    classes.csi_storage_capacity,
    classes.runtime_class,
    classes.lease,
    classes.flow_schema,
    classes.priority_level,
    admission.admission_policy,
    admission.admission_policy_binding,
    admission.validating_webhook,
    admission.device_class,
    admission.claim_template,
    admission.resource_claim,
    custom.namespace,
    custom.definition,
    custom.widget,
    custom.gadget,
)
