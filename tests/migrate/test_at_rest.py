"""What other exporters read at rest comes over: ssl_exporter's probers, x509-certificate-exporter's flags and file."""

import pytest

from exporter.cli.main import main
from exporter.config.model import FileGroup, KubernetesGroup
from exporter.config.reader import load
from exporter.metrics.vocabulary import VOCABULARY

SSL_MODULES = """\
modules:
  file: {prober: file}
  http_file: {prober: http_file}
  kubernetes: {prober: kubernetes, kubernetes: {kubeconfig: /root/.kube/config}}
  kubeconfig: {prober: kubeconfig}
  keystore: {prober: keystore, keystore: {password_file: store.password}}
"""
JOBS = """\
scrape_configs:
""" + "".join(
    f"""\
  - job_name: {module}
    metrics_path: /probe
    params: {{module: [{module}]}}
    static_configs: [{{targets: [{target}], labels: {{team: web}}}}]
    relabel_configs: [{{source_labels: [__address__], target_label: __param_target}}]
"""
    for module, target in (
        ("file", "/etc/ssl/**/*.pem"),
        ("http_file", "https://ca.example/ca.pem"),
        ("kubernetes", "'web/*'"),
        ("kubernetes", "'*/ingress-*'"),
        ("kubeconfig", "/etc/kubernetes/admin.conf"),
        ("keystore", "/opt/app/keystore.p12"),
    )
)
UNIT = """\
[Service]
# ExecStart=/usr/bin/x509-certificate-exporter --watch-file=/no
ExecStart=/usr/bin/x509-certificate-exporter --port=9793 --debug \\
  -f /etc/kubernetes/pki/ca.crt --watch-file=/etc/nginx/site.pem -d /etc/ssl/site/ \\
  --watch-kubeconf=/etc/kubernetes/admin.conf --trim-path-components=2
"""
POD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: x509}
spec:
  template:
    spec:
      containers:
        - name: x509
          image: docker.io/enix/x509-certificate-exporter:3.19.1
          args:
            - --listen-address=:9793
            - --watch-kube-secrets
            - --secret-type=kubernetes.io/tls:tls.crt
            - --secret-type=Opaque:^ca\\.pem$
            - --include-namespace=web
            - --exclude-namespace=kube-system
            - --include-label=app=web
            - --exclude-label=canary
"""
FILE = """\
server: {listen: ":9793"}
sources:
  - kind: file
    name: pki
    paths: [/etc/kubernetes/pki/**/*.crt, /opt/*.p12]
    excludePaths: [/etc/kubernetes/pki/old/*]
    pkcs12: {passphraseFile: /run/secrets/p12}
  - {kind: kubeconfig, name: conf, paths: [/etc/kubernetes/*.conf]}
  - kind: kubernetes
    name: cluster
    namespaces: {include: [web], exclude: ["kube-*"]}
    secrets:
      includeLabels: [app=web]
      types: [{type: kubernetes.io/tls, keyPatterns: ['^tls\\.crt$']}]
  - kind: kubernetes
    name: bundles
    configMaps: {keyPatterns: ['^.*\\.crt$', ca.pem]}
"""


@pytest.fixture
def migrated(tmp_path, capsys):
    def run(*texts):
        (tmp_path / "store.password").write_text("secret\n")
        paths = []
        for number, text in enumerate(texts):
            paths.append(tmp_path / f"input{number}")
            paths[-1].write_text(text)
        status = main(["migrate", *map(str, paths)])
        captured = capsys.readouterr()
        written = captured.out.replace("/run/secrets/p12", "store.password")
        (tmp_path / "config.yaml").write_text(written)
        return status, load(str(tmp_path / "config.yaml"), VOCABULARY), captured.err

    return run


def test_each_prober_of_ssl_exporter_that_reads_at_rest(migrated):
    status, config, said = migrated(SSL_MODULES, JOBS)
    assert status == 0, said
    labels = (("team", "web"),)
    plain = [(group.paths, group.urls, group.labels) for group in config.file_groups]
    assert plain == [
        (("/etc/ssl/**/*.pem",), (), labels),
        ((), ("https://ca.example/ca.pem",), labels),
        (("/etc/kubernetes/admin.conf",), (), labels),
        (("/opt/app/keystore.p12",), (), labels),
    ]
    assert config.file_groups[3].password.reveal() == "secret"
    kubeconfig = "/root/.kube/config"
    assert config.kubernetes == (
        KubernetesGroup(namespaces=("web",), kubeconfig=kubeconfig, labels=labels),
        KubernetesGroup(names=("ingress-*",), kubeconfig=kubeconfig, labels=labels),
    )
    assert "2 watches of clusters" in said


def test_flags_in_a_unit(migrated):
    status, config, said = migrated(UNIT)
    assert status == 0, said
    assert config.file_groups == (
        FileGroup(("/etc/kubernetes/pki/ca.crt", "/etc/nginx/site.pem")),
        FileGroup(("/etc/ssl/site/*",)),
        FileGroup(("/etc/kubernetes/admin.conf",)),
    )


def test_flags_of_a_container(migrated):
    status, config, said = migrated(POD)
    assert status == 0, said
    assert config.kubernetes == (
        KubernetesGroup(namespaces=("web", "!kube-system"), selector="app=web,!canary", keys=("tls.crt", "ca.pem")),
    )


def test_the_file_of_version_4(migrated):
    status, config, said = migrated(FILE)
    assert status == 0, said
    first, second = config.file_groups
    assert first.paths == ("/etc/kubernetes/pki/**/*.crt", "/opt/*.p12")
    assert first.exclude == ("/etc/kubernetes/pki/old/*",)
    assert first.password.reveal() == "secret"
    assert second.paths == ("/etc/kubernetes/*.conf",)
    assert config.kubernetes == (
        KubernetesGroup(namespaces=("web", "!kube-*"), selector="app=web"),
        KubernetesGroup(secrets=False, config_maps=True, keys=("*.crt", "ca.pem")),
    )


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        (UNIT.replace("--debug", "--frobnicate"), "--frobnicate is not migrated"),
        (FILE.replace("passphraseFile: /run/secrets/p12", "passphrase: hunter2"), "its passphrase is not migrated"),
        (FILE.replace("'^.*\\.crt$'", "'^(a|b)$'"), "the pattern ^(a|b)$ of keys is not migrated"),
        (FILE.replace("include: [web]", "includeLabels: [a=b]"), "namespaces.includeLabels is not migrated"),
        (SSL_MODULES.replace("password_file: store.password", "password: hunter2") + JOBS[:0], "its password is not"),
    ],
)
def test_what_is_lost_is_said(migrated, text, lost):
    status, _, said = migrated(text)
    assert status == 4
    assert lost in said
    assert "hunter2" not in said
