/** Choices of values that people make, each of which must give a working whole. */

export interface Variant {
  readonly name: string;
  readonly set: readonly string[];
}

export const variants: readonly Variant[] = [
  { name: 'the defaults', set: [] },
  {
    name: 'other ports',
    set: ['configServer.port=19000', 'gateway.httpPort=9080', 'gateway.internalPort=9081', 'gateway.service.port=8080', 'gateway.service.type=NodePort'],
  },
  {
    name: 'another registry, domain and size',
    set: ['image.repository=images.example/mesh', 'image.tag=v9', 'domain=apps.example.org', 'gateway.replicas=5', 'activator.replicas=3', 'logLevel=debug'],
  },
  { name: 'TLS towards the config service', set: ['configServer.tls.secretName=config-tls'] },
  { name: 'TLS towards the config service, for whoever shows a certificate', set: ['configServer.tls.secretName=config-tls', 'configServer.tls.clientSecretName=client-tls'] },
  { name: 'more ports for Gateways', set: ['gateway.service.morePorts[0].port=8888', 'gateway.service.morePorts[0].containerPort=18888', 'gateway.ingressClass.isDefault=true', 'gateway.gatewayClass.create=false'] },
  { name: 'HTTPS', set: ['gateway.httpsPort=8443', 'gateway.service.httpsPort=9443'] },
  { name: 'images by digest', set: ['controller.resolveImageDigests=true'] },
  { name: 'HTTPS by certificates of our own', set: ['gateway.httpsPort=8443', 'controller.certificates.issue=true', 'controller.certificates.authoritySecretName=root'] },
  { name: 'HTTPS by certificates of two namespaces', set: ['gateway.httpsPort=8443', 'gateway.certificateNamespaces={shop,news}'] },
  {
    name: 'TLS inside: between gateways, activators and pods, and for clients in the cluster',
    set: ['activator.httpsPort=8112', 'gateway.internalHttpsPort=8444', 'controller.certificates.issue=true', 'networkConfig.system-internal-tls=enabled', 'networkConfig.cluster-local-domain-tls=enabled', 'networkPolicy.enabled=true'],
  },
  { name: 'certificates of cert-manager for webhooks', set: ['injector.certificates.secretName=injector-tls', 'injector.certificates.certificateName=injector', 'injector.port=9443', 'injector.failurePolicy=Ignore', 'injector.injection.repair=report'] },
  { name: 'captured pods', set: ['injector.injection.capture=iptables', 'injector.injection.captureImage=images.example/iptables:1', 'injector.injection.nativeSidecars=false', 'injector.injection.ipFamilies=IPv4\\,IPv6', 'injector.injection.followServices=true', 'injector.injection.repair=delete'] },
  {
    name: 'much of everything',
    set: ['configServer.replicas=3', 'controller.replicas=2', 'gateway.concurrency=4', 'gateway.loadReports=all', 'activator.replicas=1', 'autoscaler.replicas=1'],
  },
  {
    name: 'many autoscalers, and some of Knative’s beside',
    set: ['autoscaler.replicas=3', 'autoscaler.statsPort=8181', 'leaderElectionConfig.buckets=4', 'activator.stockAutoscaler=autoscaler.knative-serving:8080'],
  },
  {
    name: 'a patient drain and tuned scaling',
    set: [
      'gateway.drain.graceSeconds=30',
      'gateway.drain.requestSeconds=600',
      'activator.drain.graceSeconds=0',
      'autoscalerConfig.stable-window=90s',
      'autoscalerConfig.max-scale-up-rate=20',
      'autoscalerConfig.enable-scale-to-zero=false',
    ],
  },
  {
    name: 'everything that looks on, and pods in places of their own',
    set: [
      'networkPolicy.enabled=true',
      'serviceMonitor.enabled=true',
      'dashboards.enabled=true',
      'commonLabels.team=platform',
      'image.pullSecrets={registry}',
      `image.digests.gateway=sha256:${'a'.repeat(64)}`,
      'gateway.autoscaling.enabled=true',
      'activator.autoscaling.enabled=true',
      'controller.priorityClassName=system-cluster-critical',
      'gateway.nodeSelector.role=edge',
      'gateway.tolerations[0].operator=Exists',
      'gateway.podAnnotations.note=edge',
      'activator.podLabels.tier=warm',
      'autoscaler.extraArgs={--record-load=/tmp/load.jsonl}',
    ],
  },
];
