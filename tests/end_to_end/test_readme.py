"""The README's five minutes in a fresh folder, as a new user types them."""

import numpy as np


def test_your_own_model_in_five_minutes(fresh, readme):
    root, said = fresh.root, fresh.said
    first, *rest = readme.typed("Your own model in five minutes")
    begun = said(first)
    assert begun.returncode == 0
    assert begun.stderr.splitlines()[-1].endswith("next: edit it, then `baseline check churn`")
    fresh.customers()
    (root / "churn.py").write_text(readme.blocks("Your own model in five minutes", "python")[0])
    (root / "assets" / "churn" / "defs.yaml").write_text(readme.blocks("Your own model in five minutes", "yaml")[0])
    (root / "requirements.lock").write_text(f"numpy=={np.__version__}\n")

    codes = []
    for words in rest[:4]:
        done = said(words)
        codes.append(done.returncode)
    assert codes == [0, 5, 0, 0], done.stdout + done.stderr
    assert "nothing moved" in done.stdout + done.stderr
    fresh.customers(calls=0.1)
    assert said(["baseline", "run", "churn"]).returncode == 1
    assert said(rest[4]).returncode in {0, 1}
    power = said(rest[5])
    assert (power.returncode, "roc_auc" in power.stdout) == (0, True)
