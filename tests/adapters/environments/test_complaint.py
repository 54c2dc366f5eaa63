"""What uv says of a failure, in its present and its earlier form, comes down to a package and a reason."""

import pytest

from baseline_pipeline.adapters.environments.complaint import BEGIN_AGAIN, advice, complaint

TRACE = """\
         [stdout]
         Trying pkg-config --exists glaze

         [stderr]
         Traceback (most recent call last):
           File "<string>", line 14, in <module>
           File "build_meta.py", line 333, in get_requires_for_build_wheel
             return self._get_build_requires(config_settings, requirements=[])
                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
         Exception: Can not find valid pkg-config name.
         Specify GLAZE_CFLAGS manually

hint: This usually indicates a problem with the package or the build environment.
"""
NOW = f"""\
Resolved 2 packages in 5ms
error: Failed to download and build `kiln==1.3.0`
  cause: Failed to install requirements from `build-system.requires`
  cause: Failed to build `glaze==2.2.4`
  cause: The build backend returned an error
  cause: Call to `setuptools.build_meta.get_requires_for_build_wheel` failed (exit status: 1)

{TRACE}"""
EARLIER = f"""\
  × Failed to download and build `kiln==1.3.0`
  ├─▶ Failed to install requirements from `build-system.requires`
  ├─▶ Failed to build `glaze==2.2.4`
  ├─▶ The build backend returned an error
  ╰─▶ Call to `setuptools.build_meta.get_requires_for_build_wheel` failed (exit
      status: 1)

{TRACE}"""  # noqa: RUF001  # uv's own marks


@pytest.mark.parametrize("said", [NOW, EARLIER])
def test_of_a_failed_build_the_package_and_its_last_error_are_told_and_no_traceback(said):
    assert complaint(said) == (
        "Failed to download and build `kiln==1.3.0`: Failed to install requirements from `build-system.requires`: "
        "Failed to build `glaze==2.2.4`: Exception: Can not find valid pkg-config name"
    )
    assert "a version that has a wheel" in advice(said)


def test_a_compilers_errors_are_no_links_of_the_chain():
    said = "error: Failed to build `glaze==2`\n  cause: Call to `x` failed\n\n         [stderr]\n         glaze.c:1: fatal error: glaze.h: none\n         error: command 'gcc' failed\n"

    assert complaint(said) == "Failed to build `glaze==2`: error: command 'gcc' failed"


def test_an_index_that_does_not_answer_is_named_with_the_innermost_reason():
    said = (
        "error: Request failed after 3 retries in 10.1s\n  cause: Failed to fetch: http://a.example/simple/glaze/\n"
        "  cause: client error (Connect)\n  cause: Connection refused (os error 111)\n"
    )

    assert complaint(said).endswith(
        "Failed to fetch: http://a.example/simple/glaze/: Connection refused (os error 111)"
    )
    assert BEGIN_AGAIN in advice(said)


@pytest.mark.parametrize("said", ["", "nothing that we know\n", "x" * 5_000])
def test_what_has_no_known_form_is_told_as_it_is_up_to_some_length(said):
    assert complaint(said).startswith(said.strip()[:100])
    assert len(complaint(said)) < 700
