"""A ticket from a real key distribution centre before the first step, by the keytab of the job; after mending oscrypto 1.3.0, which knows no OpenSSL 3.0.10 and fails so under upstream too."""

import contextlib
import os
import socket
import subprocess

REQUIRES = ["vdk-kerberos-auth"]
REALM = "EXAMPLE.ORG"


@contextlib.contextmanager
def centre(folder):
    """Runs in the folder, with a keytab for the job's principal; its krb5.conf names it."""
    folder.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    configuration = folder / "krb5.conf"
    configuration.write_text(
        f"[libdefaults]\n default_realm = {REALM}\n dns_lookup_kdc = false\n rdns = false\n"
        f"[realms]\n {REALM} = {{\n  kdc = 127.0.0.1:{port}\n }}\n"
    )
    profile = folder / "kdc.conf"
    profile.write_text(
        f"[kdcdefaults]\n kdc_listen = 127.0.0.1:{port}\n kdc_tcp_listen = 127.0.0.1:{port}\n"
        f"[realms]\n {REALM} = {{\n  database_name = {folder}/principal\n"
        f"  key_stash_file = {folder}/stash\n  acl_file = {folder}/acl\n }}\n"
        f"[logging]\n kdc = FILE:{folder}/log\n"
    )
    environment = {
        "PATH": f"{os.defpath}:/usr/sbin:/sbin",
        "KRB5_CONFIG": str(configuration),
        "KRB5_KDC_PROFILE": str(profile),
    }

    def administer(*words):
        subprocess.run(words, env=environment, check=True, capture_output=True)

    administer("kdb5_util", "create", "-s", "-r", REALM, "-P", "the master's")
    administer("kadmin.local", "-r", REALM, "addprinc", "-randkey", "pa__view_job")
    administer(
        "kadmin.local", "-r", REALM, "ktadd", "-k", str(folder / "job.keytab"), "pa__view_job"
    )
    running = subprocess.Popen(
        ["krb5kdc", "-n", "-r", REALM],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield configuration
    finally:
        running.kill()
        running.communicate()


def mend_oscrypto(cell):
    """Has it read versions whose last number has two digits."""
    for name in "ctypes", "cffi":
        (file,) = cell.prefix.glob(f"lib/*/site-packages/oscrypto/_openssl/_libcrypto_{name}.py")
        text = file.read_text()
        mended = text.replace(r"\\d\\.\\d\\.\\d[a-z]*", r"\\d\\.\\d\\.\\d+[a-z]*")
        assert mended != text
        file.unlink()  # the wheelhouse has it too
        file.write_text(mended)


def check(cell):
    mend_oscrypto(cell)
    cell.body("import subprocess\nprint(subprocess.check_output(['klist'], text=True))")
    with centre(cell.folder / "centre") as configuration:
        place = {
            "VDK_KRB_AUTH": "kinit",
            "VDK_KEYTAB_FOLDER": str(cell.folder / "centre"),
            "VDK_KRB5_CONF_FILENAME": str(configuration),
            "VDK_KRB_AUTH_FAIL_FAST": "true",
        }
        ended = cell.vdk(**place).succeeded()
        assert f"Default principal: pa__view_job@{REALM}" in ended.stdout
        assert f"krbtgt/{REALM}@{REALM}" in ended.stdout
    refused = cell.vdk(**place)
    assert refused.exit == 1 and "kinit" in refused.stderr, refused.stderr
