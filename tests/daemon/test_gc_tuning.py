"""What survives scrapes is frozen, and collected again when more has accumulated than can be explained."""

import gc
import json

import pytest
from support.exporter_process import running_exporter

from exporter.daemon.gc_tuning import OBJECTS_PER_TARGET, READINGS_AT_ONCE, SPARE_OBJECTS, GCTuning


@pytest.fixture
def gc_tuning():
    thresholds = gc.get_threshold()
    yield GCTuning(scrapes_between_counts=1)
    gc.unfreeze()
    gc.set_threshold(*thresholds)


class Cycle:
    """Garbage that only the collector finds."""

    alive = 0

    def __init__(self):
        self.itself = self
        Cycle.alive += 1

    def __del__(self):
        Cycle.alive -= 1


def test_what_the_start_has_made_is_out_of_sight(gc_tuning):
    kept = [[number] for number in range(1000)]
    gc_tuning.begin()
    assert gc.get_freeze_count() > len(kept)
    assert not any(one is kept[0] for one in gc.get_objects())


def test_garbage_is_looked_for_once_the_start_is_over(gc_tuning):
    gc.disable()
    gc_tuning.begin()
    assert gc.isenabled()


def test_the_young_stay_few_though_as_many_are_freed_as_are_made(gc_tuning):
    """As in a scrape whose reports replace the previous ones, which were frozen."""
    gc_tuning.begin()
    reports = [[[] for _ in range(OBJECTS_PER_TARGET)] for _ in range(3000)]
    gc_tuning.set_aside(targets=3000)
    most = 0
    for number in range(len(reports)):
        reports[number] = [[] for _ in range(OBJECTS_PER_TARGET)]
        gc_tuning.after_report()
        if number % 50 == 0:
            most = max(most, len(gc.get_objects(generation=0)) + len(gc.get_objects(generation=1)))
    assert most < 2 * READINGS_AT_ONCE * OBJECTS_PER_TARGET


def test_a_running_exporter_looks_for_garbage_all_along(tmp_path):
    """Not only at the end of a scrape, of which there are two here."""
    config_file = tmp_path / "config.yaml"
    closed = [f"127.0.{high}.{low}:1" for high in range(4) for low in range(1, 250)]
    config_file.write_text(json.dumps({"targets": [{"targets": closed}]}), encoding="utf-8")
    with running_exporter(config_file=config_file) as exporter:
        queries = ("?shard=0/100000", "", "?shard=0/100000")
        before, _, after = [
            exporter.scrape(one).value("python_gc_collections_total", generation="1") for one in queries
        ]
    assert after - before >= 2 + len(closed) // READINGS_AT_ONCE


def test_a_scrapes_survivors_are_frozen_and_their_garbage_is_found_when_it_has_grown(gc_tuning):
    gc_tuning.begin()
    lost = [Cycle() for _ in range(10)]
    gc_tuning.set_aside(targets=10)
    lost.clear()
    gc.collect()
    assert Cycle.alive == 10, "what is frozen is not collected"
    kept = [[number] for number in range(SPARE_OBJECTS + 10 * OBJECTS_PER_TARGET + 1000)]
    gc_tuning.set_aside(targets=10)
    assert Cycle.alive == 0
    assert kept


def test_the_readings_of_many_targets_are_no_reason_to_look_through_everything(gc_tuning):
    gc_tuning.begin()
    lost = [Cycle()]
    gc_tuning.set_aside(targets=10_000)
    lost.clear()
    kept = [[number] for number in range(SPARE_OBJECTS + 9_000 * OBJECTS_PER_TARGET)]
    gc_tuning.set_aside(targets=10_000)
    assert Cycle.alive == 1
    assert kept
    gc_tuning.collect()
    assert Cycle.alive == 0


def test_where_targets_are_asked_for_one_by_one_old_garbage_is_found_as_well():
    """No scrape sets it aside there, and nothing but a look at everything finds what has become old."""
    thresholds = gc.get_threshold()
    gc_tuning = GCTuning(readings_between_counts=2 * READINGS_AT_ONCE)
    gc_tuning.begin()
    try:
        lost = [Cycle() for _ in range(10)]
        kept = [[] for _ in range(SPARE_OBJECTS + 1000)]
        for _ in range(READINGS_AT_ONCE):
            gc_tuning.after_report()
        lost.clear()
        gc.collect(1)
        assert Cycle.alive == 10, "it has become old"
        for _ in range(READINGS_AT_ONCE):
            gc_tuning.after_report()
        assert Cycle.alive == 0
        assert kept
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)
