"""The words of the help of verbs, besides their own: examples, the lines of lists, and what stands for values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EXAMPLES: Final[Mapping[str, tuple[str, ...]]] = {
    "assess": (
        "assess template.yaml --fail-on high",
        "assess aws --profile audit --region eu-west-1 --out report.html",
        "assess aws --org --framework cis-aws-5.0 --save assessed",
    ),
    "report": ("report assessed --out report.html", "report assessed --framework cis-aws-5.0"),
    "collect": ("collect aws --profile audit --out snapshot", "collect aws --check 's3-*' --dry-run"),
    "query": (
        "query 'SELECT name, region FROM aws_s3_bucket' snapshot",
        "query 'SELECT count(*) FROM aws_ebs_volume WHERE NOT encrypted' snapshot",
    ),
    "tables": ("tables", "tables aws_s3_bucket"),
    "matrix": ("matrix --area encryption", "matrix --service rds --party customer"),
    "who": ("who patch the rds engine", "who --resource arn:aws:lambda:eu-west-1:111122223333:function:pay aws"),
    "explain": ("explain encryption.rotate-keys", "explain EC2.3"),
    "iam-policy": ("iam-policy --format cloudformation", "iam-policy --check 's3-*'"),
    "diagram": ("diagram --out line.svg", "diagram template.yaml --out line.svg"),
    "quiz": ("quiz", "quiz template.yaml --seed 7"),
    "attest": (
        "attest incident-response.document-incidents --until 2027-06-30 --statement 'Reviewed each quarter'",
    ),
    "deploy": ("deploy template.yaml --stack-name web",),
    "drift": ("drift templates/ --region eu-west-1", "drift templates/ --plan --who"),
    "change plan": ("change plan --check s3-bucket-versioning --region eu-central-1",),
    "change approve": ("change approve c-1a2b3c4d",),
    "change apply": ("change apply c-1a2b3c4d --dry-run", "change apply c-1a2b3c4d"),
    "checks list": ("checks list --service s3", "checks list --area encryption --format csv"),
    "checks show": ("checks show ebs-volume-encrypted",),
    "frameworks show": ("frameworks show cis-aws-5.0", "frameworks show cis-aws-5.0 --assessment assessed"),
    "patch status": ("patch status aws --region eu-west-1", "patch status snapshot --state overdue"),
    "patch calendar": ("patch calendar snapshot --zone Europe/Berlin --out windows.ics",),
    "patch next": ("patch next snapshot --data-tag data=customer",),
    "ledger verify": ("ledger verify",),
    "guardrails propose": ("guardrails propose assessed",),
}
"""Examples of verbs, each as it is typed after `demarcate`."""

LINES: Final[Mapping[str, str]] = {
    "report": "Report a kept assessment again, without reading or judging",
    "collect": "Write a snapshot: all rows of an estate as Parquet",
    "matrix": "Show both halves of every area",
    "who": "Say whose job something is, and why the line runs there",
    "explain": "Explain one thing of the model, a check, or a control of others",
    "iam-policy": "Print the least IAM policy that the checks need",
    "diagram": "Draw the line: AWS's half and yours",
    "summary": "Show the whole on one page",
    "quiz": "Take an exam: who owes what, in your own estate",
    "attest": "Attest that responsibilities are met, or not",
    "deploy": "Say what deploying a template would do; then deploy it",
    "drift": "Say where the live estate differs from what is declared",
    "checks show": "Show one check: what it asks, and what to do where it fails",
    "facts check": "Say how old the facts are",
    "facts update": "Put newer facts in your folder",
    "feeds list": "List the feeds, their days and ages",
    "feeds update": "Take feeds from who publishes them, or from a file",
    "frameworks list": "List the frameworks, and how much of each checks speak of",
    "frameworks show": "Show a framework: what speaks of each requirement",
    "ledger verify": "Say whether an entry was edited, deleted, inserted or moved",
    "ledger pin": "Print the head of the ledger, to be kept elsewhere",
    "ledger import": "Append entries of an export to the same ledger elsewhere",
    "evidence import": "Record the evidence of a folder in the ledger",
    "change show": "Show a change whole: each call, its undo, how it stands",
    "change approve-policies": "Approve policies as they are",
    "change resume": "Go on with a change whose run was killed",
    "change undo": "Undo a change, the last step first",
    "change verify": "Read and judge again what a change was about",
    "change iam-policy": "Print the least IAM policy that a change needs",
    "baseline set": "Keep what the estate is declared to be, and sign it off",
    "baseline diff": "Say what differs between two versions of a baseline",
    "patch": "Patching: whose it is, how far it is, what comes first",
    "patch who": "Say who patches one resource, what exactly, by when",
    "patch history": "Show how patching went from day to day",
    "patch calendar": "Show all maintenance windows and dates in one calendar",
    "patch next": "Say what to patch first, and why",
    "patch plan": "Plan which resources receive an artefact, ring by ring",
    "patch run": "Take a plan through its rings as far as it goes now",
    "patch images": "Say how far each image that runs in ECS is behind",
    "patch report": "Report a period of patching for those who audit it",
    "guardrails propose": "Propose policies that keep what is met",
    "guardrails show": "Show one guardrail: its policy, and whom it can hurt",
    "guardrails test": "Say who would have been denied what by a policy",
    "guardrails plan": "Plan the change that attaches guardrails, and record it",
}
"""The line of a verb in a list of verbs, where the first sentence of its help is too long for one."""

METAVARS: Final[Mapping[str, str]] = {
    "sources": "SOURCE",
    "source": "SOURCE",
    "profile": "NAME",
    "region": "REGION",
    "endpoint_url": "URL",
    "checks": "DIR",
    "check": "ID",
    "table": "TABLE",
    "service": "ID",
    "area": "ID",
    "party": "PARTY",
    "resource": "RESOURCE",
}
"""What stands for the value of an option or argument, where that does not say it itself."""
