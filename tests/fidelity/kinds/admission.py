"""What decides about other objects, and which devices they may have."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.fidelity.kinds.drawing import TEXTS, Some, maybe, meta, obj, one_of, rarely, some_of


def admission_policy(name: str) -> Some:
    return obj(
        apiVersion="admissionregistration.k8s.io/v1",
        kind="ValidatingAdmissionPolicy",
        metadata=meta(f"APP-{name}"),
        spec=obj(
            failurePolicy=maybe(one_of("Fail", "Ignore")),
            matchConstraints=obj(
                resourceRules=[
                    {
                        "apiGroups": ["none.example"],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE"],
                        "resources": ["none"],
                    }
                ]
            ),
            validations=st.tuples(
                obj(expression=one_of("true", "object.metadata.name != 'x'", "not cel ("), message=maybe(TEXTS))
            ).map(list),
        ),
    )


def admission_policy_binding(name: str) -> Some:
    return obj(
        apiVersion="admissionregistration.k8s.io/v1",
        kind="ValidatingAdmissionPolicyBinding",
        metadata=meta(f"APP-{name}"),
        spec=obj(
            policyName=one_of("nobody-has-it", "nor-this"),
            validationActions=one_of(["Deny"], ["Audit", "Warn"], ["Deny", "Warn"]),
        ),
    )


def validating_webhook(name: str) -> Some:
    return obj(
        apiVersion="admissionregistration.k8s.io/v1",
        kind="ValidatingWebhookConfiguration",
        metadata=meta(f"APP-{name}"),
        webhooks=some_of(
            obj(
                name="hook.example.com",
                sideEffects="None",
                admissionReviewVersions=["v1"],
                failurePolicy=maybe(one_of("Ignore", "Fail")),
                timeoutSeconds=maybe(one_of(10, 5)),
                clientConfig={"url": "https://hook.example.com/"},
                rules=[
                    {
                        "apiGroups": ["none.example"],
                        "apiVersions": ["*"],
                        "operations": ["CREATE"],
                        "resources": ["none"],
                    }
                ],
            )
        ),
    )


def device_class(name: str) -> Some:
    return obj(
        apiVersion="resource.k8s.io/v1",
        kind="DeviceClass",
        metadata=meta(f"APP-{name}"),
        spec=obj(
            selectors=maybe(
                st.tuples(obj(cel=obj(expression=one_of("device.driver == 'a.example'", "true", "nonsense(")))).map(
                    list
                )
            )
        ),
    )


def claim_template(name: str) -> Some:
    return obj(
        apiVersion="resource.k8s.io/v1",
        kind="ResourceClaimTemplate",
        metadata=meta(name),
        spec=rarely(
            {"spec": {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu"}}]}}},
            {"spec": {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "tpu"}}]}}},
        ),
    )


def resource_claim(name: str) -> Some:
    return obj(
        apiVersion="resource.k8s.io/v1",
        kind="ResourceClaim",
        metadata=meta(name),
        spec=rarely(
            {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu"}}]}},
            {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "tpu"}}]}},
        ),
    )
