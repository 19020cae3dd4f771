from vitrine.packager.part import init_name, segment_name
from vitrine.packager.run import FIRST_RUN, Run, run_of

SECOND = Run(2, first_msn=4, first_segment=9)


def test_names_differ_from_run_to_run() -> None:
    assert init_name(FIRST_RUN.stem("b7")) == "b7.init.mp4"
    assert segment_name(SECOND.stem("b7"), 4) == "b7.r2.4.m4s"


def test_numbers_go_on_and_the_grid_goes_on_with_the_clock() -> None:
    assert [FIRST_RUN.segment(4), SECOND.segment(4), SECOND.segment(6)] == [3, 9, 11]


def test_whose_a_segment_is() -> None:
    runs = (FIRST_RUN, SECOND)
    assert [run_of(runs, msn) for msn in (1, 3, 4, 100)] == [FIRST_RUN, FIRST_RUN, SECOND, SECOND]
