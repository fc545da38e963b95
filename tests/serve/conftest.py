"""An app that serves the example's release: one for a module, or one for each of its servings."""

import pytest

from served_app import serving


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("served")) as serve:
        yield serve()


@pytest.fixture
def serve(tmp_path):
    with serving(tmp_path) as serve:
        yield serve
