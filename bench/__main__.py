"""``make bench``: dvauth side by side with an empty Flask route and with the application one would otherwise write.

All run on the same server with the same options and share one Redis. Bursts of load are interleaved round by round
and medians are told, of ratios those within a round, so that what else the machine does strikes everyone alike.
"""

from collections import defaultdict
from collections.abc import Sequence

import click
import report
from costs import bytes_of_copies, bytes_of_dvauth, cost_of
from load import Burst, burst
from profiles import print_profile
from stage import Stage
from subjects import CHECK, Subject, all_subjects


@click.command()
@click.option("--quick", is_flag=True, help="One short round: does it run at all?")
@click.option("--profile", is_flag=True, help="Where the CPU time of a check goes, instead of the comparison.")
def main(*, quick: bool, profile: bool) -> None:
    """Measure what a check, a keep-alive and a session cost."""
    with Stage() as stage:
        print("Starting servers, logging people in …", flush=True)
        subjects = all_subjects(stage)
        for subject in subjects:
            subject.ask_once()
        if profile:
            print_profile(stage, next(each for each in subjects if each.name == CHECK), 200 if quick else 2000)
        else:
            compare(stage, subjects, quick=quick)


def compare(stage: Stage, subjects: Sequence[Subject], *, quick: bool) -> None:
    rounds, seconds, sessions = (1, 1, 5_000) if quick else (15, 1, 100_000)
    client = stage.redis()
    costs = {subject.name: cost_of(subject, client) for subject in subjects}
    bursts = measured(subjects, rounds, seconds)
    print(f"Opening {sessions:,} sessions …", flush=True)
    handmade = bytes_of_copies(client, next(client.scan_iter("session:*")), sessions)
    dvauth = bytes_of_dvauth(stage.parts, sessions)
    report.print_table(bursts, costs)
    report.print_sizes(dvauth, handmade, sessions)
    report.print_promises(bursts, costs, dvauth)


def measured(subjects: Sequence[Subject], rounds: int, seconds: int) -> dict[str, list[Burst]]:
    """The bursts of each, by name, round by round. The round before the first warms up and is forgotten."""
    bursts = defaultdict(list)
    for subject in subjects:
        burst(subject, 1)
    for number in range(1, rounds + 1):
        print(f"Round {number} of {rounds} …", flush=True)
        for subject in subjects:
            bursts[subject.name].append(burst(subject, seconds))
    return bursts


if __name__ == "__main__":
    main()
