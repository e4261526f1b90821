"""Lists in Kubernetes' own kinds that are sets, or maps by key. Written by `.ci/builtin_lists.py`: do not edit.

Each type with its fields that are such a list, or that lead to a type with one: `ports=[port,protocol]` is a map by two
keys, `verbs=[]` a set, `template=PodTemplateSpec` another type. Kinds are named `group/Kind`.
"""

from __future__ import annotations

from typing import Final

LISTS: Final = """\
/ComponentStatus conditions=[type]
/Node spec=NodeSpec
/Pod spec=PodSpec
/PodTemplate template=PodTemplateSpec
/ReplicationController spec=ReplicationControllerSpec
/Service spec=ServiceSpec
/ServiceAccount secrets=[name]
CSIDriverSpec volumeLifecycleModes=[]
CSINodeSpec drivers=[name]
Container env=[name] ports=[containerPort,protocol] resources=ResourceRequirements
  restartPolicyRules=ContainerRestartRule volumeDevices=[devicePath] volumeMounts=VolumeMount[mountPath]
ContainerRestartRule exitCodes=ContainerRestartRuleOnExitCodes
ContainerRestartRuleOnExitCodes values=[]
CronJobSpec jobTemplate=JobTemplateSpec
CustomResourceDefinitionSpec versions=CustomResourceDefinitionVersion
CustomResourceDefinitionVersion schema=CustomResourceValidation
CustomResourceValidation openAPIV3Schema=JSONSchemaProps
DaemonSetSpec template=PodTemplateSpec
DeploymentSpec template=PodTemplateSpec
Endpoint addresses=[]
EphemeralContainer env=[name] ports=[containerPort,protocol] resources=ResourceRequirements
  restartPolicyRules=ContainerRestartRule volumeDevices=[devicePath] volumeMounts=VolumeMount[mountPath]
EphemeralVolumeSource volumeClaimTemplate=PersistentVolumeClaimTemplate
FlowSchemaSpec rules=PolicyRulesWithSubjects
JSONSchemaProps allOf=JSONSchemaProps anyOf=JSONSchemaProps not=JSONSchemaProps oneOf=JSONSchemaProps
  x-kubernetes-validations=[rule]
JobSchedulingConfiguration resourceClaims=[name]
JobSpec podFailurePolicy=PodFailurePolicy scheduling=JobSchedulingConfiguration template=PodTemplateSpec
JobTemplateSpec spec=JobSpec
MutatingAdmissionPolicySpec matchConditions=[name]
MutatingWebhook matchConditions=[name]
NodePodPreemptionPolicy disableResizePreemption=[]
NodeSpec podCIDRs=[] podPreemptionPolicy=NodePodPreemptionPolicy
NonResourcePolicyRule nonResourceURLs=[] verbs=[]
ObjectMeta finalizers=[] ownerReferences=[uid]
PodFailurePolicy rules=PodFailurePolicyRule
PodFailurePolicyOnExitCodesRequirement values=[]
PodFailurePolicyRule onExitCodes=PodFailurePolicyOnExitCodesRequirement
PodSpec containers=Container[name] ephemeralContainers=EphemeralContainer[name] evictionResponders=[name]
  hostAliases=[ip] imagePullSecrets=[name] initContainers=Container[name] resourceClaims=[name]
  resources=ResourceRequirements schedulingGates=[name] topologySpreadConstraints=[topologyKey,whenUnsatisfiable]
  volumes=Volume[name]
PodTemplateSpec spec=PodSpec
PolicyRulesWithSubjects nonResourceRules=NonResourcePolicyRule resourceRules=ResourcePolicyRule
ReplicaSetSpec template=PodTemplateSpec
ReplicationControllerSpec template=PodTemplateSpec
ResourcePolicyRule apiGroups=[] namespaces=[] resources=[] verbs=[]
ResourceRequirements claims=[name]
ResourceSliceSpec skipNodeOperations=[]
ServiceSpec ports=[port,protocol]
StatefulSetSpec template=PodTemplateSpec volumeClaimTemplates=PersistentVolumeClaim
ValidatingAdmissionPolicyBindingSpec validationActions=[]
ValidatingAdmissionPolicySpec matchConditions=[name] variables=[name]
ValidatingWebhook matchConditions=[name]
Volume ephemeral=EphemeralVolumeSource
VolumeMount bindMountOptions=[]
admissionregistration.k8s.io/MutatingAdmissionPolicy spec=MutatingAdmissionPolicySpec
admissionregistration.k8s.io/MutatingWebhookConfiguration webhooks=MutatingWebhook[name]
admissionregistration.k8s.io/ValidatingAdmissionPolicy spec=ValidatingAdmissionPolicySpec
admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding spec=ValidatingAdmissionPolicyBindingSpec
admissionregistration.k8s.io/ValidatingWebhookConfiguration webhooks=ValidatingWebhook[name]
apiextensions.k8s.io/CustomResourceDefinition spec=CustomResourceDefinitionSpec
apps/DaemonSet spec=DaemonSetSpec
apps/Deployment spec=DeploymentSpec
apps/ReplicaSet spec=ReplicaSetSpec
apps/StatefulSet spec=StatefulSetSpec
batch/CronJob spec=CronJobSpec
batch/Job spec=JobSpec
discovery.k8s.io/EndpointSlice endpoints=Endpoint
flowcontrol.apiserver.k8s.io/FlowSchema spec=FlowSchemaSpec
resource.k8s.io/ResourceClaimTemplate spec=ResourceClaimTemplateSpec
resource.k8s.io/ResourceSlice spec=ResourceSliceSpec
storage.k8s.io/CSIDriver spec=CSIDriverSpec
storage.k8s.io/CSINode spec=CSINodeSpec
"""
