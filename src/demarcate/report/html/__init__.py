"""The HTML report: one file that needs nothing else, for an engineer, a manager and an auditor.

The document (summary, areas, responsibilities, evidence) is HTML that can be read and printed without scripts.
Scripts show it view by view, and add what is made from data: findings, checks, resources, search.
"""

from __future__ import annotations

from collections.abc import Sequence

from demarcate.drift.structs import Comparison
from demarcate.posture.assessment import Assessment
from demarcate.posture.structs import EXPIRES_SOON
from demarcate.report import unread
from demarcate.report.frameworks import SHOWN_REASONS
from demarcate.report.html import content, data, others, words
from demarcate.report.html import drift as drift_page
from demarcate.report.html.page import page
from demarcate.report.out import Out
from demarcate.report.safe import counted

_SCRIPTS = ("dom.js", "data.js", "route.js", "findings.js", "views.js", "report.js")


def write(assessment: Assessment, out: Out, drift: Comparison | None = None) -> Sequence[str]:
    """Write the report, with a view of drift where there is a comparison; and say how much of it is left out."""
    held = data.told(assessment.findings)
    posture = assessment.posture
    areas = content.area_pages(assessment, held.findings)
    proofs = content.proofs(posture)
    everything = len(content.asked_for(assessment)) == len(posture.responsibilities)
    asked = "" if everything else "&asked=yes"
    out.write(
        page(
            __name__,
            "page.html.j2",
            styles=["look.css", "report.css", *(["drift.css"] if drift else [])],
            head=["theme.js"],
            scripts=_SCRIPTS,
            data=data.script_data(assessment, held),
            pictures={"picture": content.picture(assessment)},
            context={
                **words.WORDS,
                "about": content.about(assessment),
                "model": assessment.model,
                "posture": posture,
                "unread": unread.lines(posture.unread),
                "unknown": assessment.judgement.unknown(),
                "areas": areas,
                "gaps": content.gaps(posture, areas),
                "proofs": proofs,
                "expired": content.expired(proofs),
                "expiring": content.expiring(posture, proofs),
                "rang": content.rang(assessment),
                "news": assessment.news,
                "waivers": content.waivers(posture),
                "roll_ups": content.roll_ups(assessment, asked),
                "asked": asked,
                "not_run": content.not_run(posture),
                "theirs": others.arranged(assessment.theirs) if assessment.theirs else None,
                "drift": drift_page.arranged(drift) if drift else None,
                "unseen_types": assessment.snapshot.manifest.resources,
                "number_of_findings": len(held.findings) + sum(held.more.values()),
                "EXPIRES_SOON": EXPIRES_SOON,
                "SHOWN_ROWS": content.SHOWN_ROWS,
                "SHOWN_REASONS": SHOWN_REASONS,
            },
        )
    )
    left_out = []
    if held.more:
        more = counted(sum(held.more.values()), "finding")
        left_out.append(
            f"{more}: it holds {held.most:,} of each check; --format csv lists all, and counts are of all"
        )
    if held.passes:
        left_out.append(f"{held.passes:,} that pass: {data.SHOWN_PASSES:,} are listed, and counts are of all")
    return left_out
