"""The test run itself: what is dear is made once."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.xdist_group("environment")


def test_groups_of_tests_reach_the_scheduler(request: pytest.FixtureRequest) -> None:
    if not hasattr(request.config, "workerinput"):
        pytest.skip("this run has one process")
    # A pair of pytest and pytest-xdist that does not group says so nowhere else; it only takes longer.
    assert request.node.nodeid.endswith("@environment")
    groups = {item.nodeid: item.get_closest_marker("xdist_group") for item in request.session.items}
    assert [name for name, group in groups.items() if group and not name.endswith(f"@{group.args[0]}")] == []
