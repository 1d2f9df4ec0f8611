/**
 * The messages that kubectl and helm send in protobuf whatever the server says it speaks: those of
 * `kubectl create configmap|secret|namespace|serviceaccount|deployment|service` and `auth can-i`, and helm's
 * release Secrets. Field numbers are those of the `generated.proto` files of k8s.io/api and apimachinery 1.32.
 */

/**
 * `name:type`. A type is `string`, `bytes`, `bool`, `int`, or a message below; `[]` makes a list,
 * `{}` a map from text. `?` keeps a value that equals the type's zero: the field is a pointer in Go.
 */
export type Message = Readonly<Record<number, string>>;

export const MESSAGES: Readonly<Record<string, Message>> = {
  ObjectMeta: {
    1: 'name:string',
    2: 'generateName:string',
    3: 'namespace:string',
    5: 'uid:string',
    6: 'resourceVersion:string',
    7: 'generation:int',
    8: 'creationTimestamp:Time',
    9: 'deletionTimestamp:Time',
    10: 'deletionGracePeriodSeconds:int?',
    11: 'labels:string{}',
    12: 'annotations:string{}',
    13: 'ownerReferences:OwnerReference[]',
    14: 'finalizers:string[]',
    17: 'managedFields:ManagedFieldsEntry[]',
  },
  OwnerReference: { 1: 'kind:string', 3: 'name:string', 4: 'uid:string', 5: 'apiVersion:string', 6: 'controller:bool?', 7: 'blockOwnerDeletion:bool?' },
  ManagedFieldsEntry: { 1: 'manager:string', 2: 'operation:string', 3: 'apiVersion:string', 4: 'time:Time', 6: 'fieldsType:string', 7: 'fieldsV1:FieldsV1', 8: 'subresource:string' },
  ConfigMap: { 1: 'metadata:ObjectMeta', 2: 'data:string{}', 3: 'binaryData:bytes{}', 4: 'immutable:bool?' },
  Secret: { 1: 'metadata:ObjectMeta', 2: 'data:bytes{}', 3: 'type:string', 4: 'stringData:string{}', 5: 'immutable:bool?' },
  Namespace: { 1: 'metadata:ObjectMeta', 2: 'spec:NamespaceSpec', 3: 'status:NamespaceStatus' },
  NamespaceSpec: { 1: 'finalizers:string[]' },
  NamespaceStatus: { 1: 'phase:string' },
  ServiceAccount: { 1: 'metadata:ObjectMeta', 2: 'secrets:ObjectReference[]', 3: 'imagePullSecrets:LocalObjectReference[]', 4: 'automountServiceAccountToken:bool?' },
  ObjectReference: { 1: 'kind:string', 2: 'namespace:string', 3: 'name:string', 4: 'uid:string', 5: 'apiVersion:string', 6: 'resourceVersion:string', 7: 'fieldPath:string' },
  LocalObjectReference: { 1: 'name:string' },
  Service: { 1: 'metadata:ObjectMeta', 2: 'spec:ServiceSpec', 3: 'status:ServiceStatus' },
  ServiceSpec: { 1: 'ports:ServicePort[]', 2: 'selector:string{}', 3: 'clusterIP:string', 4: 'type:string', 5: 'externalIPs:string[]', 7: 'sessionAffinity:string', 10: 'externalName:string', 18: 'clusterIPs:string[]' },
  ServicePort: { 1: 'name:string', 2: 'protocol:string', 3: 'port:int', 4: 'targetPort:IntOrString', 5: 'nodePort:int', 6: 'appProtocol:string?' },
  ServiceStatus: { 1: 'loadBalancer:LoadBalancerStatus' },
  LoadBalancerStatus: {},
  Deployment: { 1: 'metadata:ObjectMeta', 2: 'spec:DeploymentSpec', 3: 'status:DeploymentStatus' },
  DeploymentSpec: {
    1: 'replicas:int?',
    2: 'selector:LabelSelector',
    3: 'template:PodTemplateSpec',
    4: 'strategy:DeploymentStrategy',
    5: 'minReadySeconds:int',
    6: 'revisionHistoryLimit:int?',
    7: 'paused:bool',
    9: 'progressDeadlineSeconds:int?',
  },
  DeploymentStrategy: { 1: 'type:string' },
  DeploymentStatus: { 1: 'observedGeneration:int', 2: 'replicas:int', 3: 'updatedReplicas:int', 4: 'availableReplicas:int', 5: 'unavailableReplicas:int', 7: 'readyReplicas:int' },
  LabelSelector: { 1: 'matchLabels:string{}', 2: 'matchExpressions:LabelSelectorRequirement[]' },
  LabelSelectorRequirement: { 1: 'key:string', 2: 'operator:string', 3: 'values:string[]' },
  PodTemplateSpec: { 1: 'metadata:ObjectMeta', 2: 'spec:PodSpec' },
  PodSpec: { 2: 'containers:Container[]', 3: 'restartPolicy:string', 4: 'terminationGracePeriodSeconds:int?', 6: 'dnsPolicy:string', 7: 'nodeSelector:string{}', 8: 'serviceAccountName:string', 10: 'nodeName:string' },
  Container: { 1: 'name:string', 2: 'image:string', 3: 'command:string[]', 4: 'args:string[]', 5: 'workingDir:string', 6: 'ports:ContainerPort[]', 7: 'env:EnvVar[]', 8: 'resources:ResourceRequirements', 14: 'imagePullPolicy:string' },
  ContainerPort: { 1: 'name:string', 2: 'hostPort:int', 3: 'containerPort:int', 4: 'protocol:string', 5: 'hostIP:string' },
  EnvVar: { 1: 'name:string', 2: 'value:string' },
  ResourceRequirements: { 1: 'limits:Quantity{}', 2: 'requests:Quantity{}' },
  SelfSubjectAccessReview: { 1: 'metadata:ObjectMeta', 2: 'spec:SelfSubjectAccessReviewSpec', 3: 'status:SubjectAccessReviewStatus' },
  SelfSubjectAccessReviewSpec: { 1: 'resourceAttributes:ResourceAttributes', 2: 'nonResourceAttributes:NonResourceAttributes' },
  ResourceAttributes: { 1: 'namespace:string', 2: 'verb:string', 3: 'group:string', 4: 'version:string', 5: 'resource:string', 6: 'subresource:string', 7: 'name:string' },
  NonResourceAttributes: { 1: 'path:string', 2: 'verb:string' },
  SubjectAccessReviewStatus: { 1: 'allowed:bool', 2: 'reason:string', 3: 'evaluationError:string', 4: 'denied:bool' },
  SelfSubjectRulesReview: { 1: 'metadata:ObjectMeta', 2: 'spec:SelfSubjectRulesReviewSpec', 3: 'status:SubjectRulesReviewStatus' },
  SelfSubjectRulesReviewSpec: { 1: 'namespace:string' },
  SubjectRulesReviewStatus: { 3: 'incomplete:bool' },
  SelfSubjectReview: { 1: 'metadata:ObjectMeta', 2: 'status:SelfSubjectReviewStatus' },
  SelfSubjectReviewStatus: { 1: 'userInfo:UserInfo' },
  UserInfo: { 1: 'username:string', 2: 'uid:string', 3: 'groups:string[]' },
  DeleteOptions: { 1: 'gracePeriodSeconds:int?', 2: 'preconditions:Preconditions', 3: 'orphanDependents:bool?', 4: 'propagationPolicy:string?', 5: 'dryRun:string[]' },
  Preconditions: { 1: 'uid:string', 2: 'resourceVersion:string' },
};
