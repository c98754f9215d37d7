"""Starts MiniStack, taught what it lacks of what our stack is made of. Runs until it is ended.

- AWS::IAM::Group, which its CloudFormation does not know (its IAM does);
- alarms on a sum of metrics, which become alarms on the first metric of the sum;
- the policy variable ${aws:username}, which it compares as if it were text;
- the condition keys by which our policies know a sender of mail and an upload;
- whose stack a resource is, which DescribeStackResources tells by the resource's own name;
- the one right, sqs:SendMessage, by which SQS lets send a message or ten of them;
- that anyone who shows the code of a second factor when taking on a role has one;
- that a policy knows who took on a role by the ARN of the role, and not of the session;
- that a new bucket is closed to the public, whether or not it enforces IAM;
- that it shall listen where it was told to, and not on port 443 as well;
- that no schedule comes due by itself: a test says when it is time, and a quarter of an hour must not strike in between;
- and two things that no test can wait for: S3 stamps what is written with an earlier time while ROLLCALL_S3_BACK, a file,
  holds a number of seconds, and its listings come in pages of ROLLCALL_S3_PAGE entries.
"""

import json
import os
from contextvars import ContextVar
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.services import cloudformation, iam, s3, scheduler, sts
from ministack.services.cloudformation import handlers
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS


def call(operation, **parameters):
    """Does an IAM call as if it had come over the wire, and fails where IAM would."""
    status, _, body = operation(parameters)
    if status >= 400:
        raise ValueError(body)


def create_group(_logical_id, properties, stack):
    name = properties["GroupName"]
    call(iam._create_group, GroupName=name, Path=properties.get("Path", "/"))
    return update_group(name, {}, properties, stack)


def update_group(name, _old, properties, _stack):
    for policy in properties.get("Policies", []):
        document = json.dumps(policy["PolicyDocument"])
        call(iam._put_group_policy, GroupName=name, PolicyName=policy["PolicyName"], PolicyDocument=document)
    return name, {"Arn": iam._groups[name]["Arn"]}


def delete_group(name, _properties):
    # As on AWS, where a group with members stops the removal of its stack.
    if iam._groups[name]["Users"]:
        raise ValueError("Cannot delete entity, must remove users from group first.")
    call(iam._delete_group, GroupName=name)


def without_sums(handler):
    return lambda *args: handler(*(on_first_metric(a) if isinstance(a, dict) else a for a in args))


def on_first_metric(properties):
    if "Metrics" not in properties:
        return properties
    stat = next(m["MetricStat"] for m in properties["Metrics"] if "MetricStat" in m)
    rest = {key: value for key, value in properties.items() if key != "Metrics"}
    return {**rest, **stat["Metric"], "Period": stat["Period"], "Statistic": stat["Stat"]}


def with_callers_name(evaluate):
    def decide(ctx, policies, *limits):
        name = ctx.principal_keys.get("aws:username")
        return evaluate(ctx, [[filled_in(s, name) for s in policy] for policy in policies], *limits)

    return decide


def filled_in(statement, name):
    if name is None:
        return statement
    parts = (statement.resources, statement.not_resources, statement.conditions)
    text = json.dumps(parts).replace("${aws:username}", name)
    resources, not_resources, conditions = json.loads(text)
    return replace(statement, resources=resources, not_resources=not_resources, conditions=conditions)


def sender_of(parameters):
    """The sender of a mail, which SES's own interface puts among its form fields."""
    source = parameters.get("Source")
    return source[0] if isinstance(source, list) else source


def with_sender(context_of):
    def context(service, action, body, parameters):
        sender = sender_of(parameters) if action.startswith("ses:Send") else None
        return {**context_of(service, action, body, parameters), **({"ses:FromAddress": sender} if sender else {})}

    return context


def with_identity(arn_of):
    def arn(service, method, path, headers, body, parameters, region, account):
        sender = sender_of(parameters) if service == "ses" else None
        if sender:
            return f"arn:aws:ses:{region}:{account}:identity/{sender}"
        return arn_of(service, method, path, headers, body, parameters, region, account)

    return arn


def with_upload_headers(context_of):
    names = ("x-amz-storage-class", "x-amz-server-side-encryption-customer-algorithm", "if-none-match")

    def context(action, query, path="", headers=None):
        found = {f"s3:{name}": headers[name] for name in names if (headers or {}).get(name)}
        return {**context_of(action, query, path, headers), **(found if action == "s3:PutObject" else {})}

    return context


def without_batches(action_of):
    def action(*request):
        found = action_of(*request)
        return found.removesuffix("Batch") if found and found.startswith("sqs:") else found

    return action


def with_roles(value_of):
    def value(key, ctx):
        found = value_of(key, ctx)
        if key.lower() != "aws:principalarn" or ":assumed-role/" not in (found or ""):
            return found
        account, role = found.split(":")[4], found.split("/")[1]
        return f"arn:aws:iam::{account}:role/{role}"

    return value


shown_code = ContextVar("shown_code", default=False)


def noting_codes(parameter):
    def noting(params, name, *default):
        if name == "RoleArn":
            shown_code.set(bool(parameter(params, "TokenCode", "")))
        return parameter(params, name, *default)

    return noting


def with_second_factor(evaluate):
    def decide(document, caller, ctx=None):
        if ctx is not None and shown_code.get():
            keys = {"aws:multifactorauthpresent": "true", "aws:multifactorauthage": "0"}
            ctx = replace(ctx, service_context={**ctx.service_context, **keys})
        return evaluate(document, caller, ctx)

    return decide


def set_back(now, file):
    def earlier():
        seconds = float(file.read_text()) if file.exists() else 0
        at = datetime.fromisoformat(now()) - timedelta(seconds=seconds)
        return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    return earlier


def with_owner(describe):
    """Where no stack is named: the stack that a resource of this name is part of."""

    def find(parameters):
        wanted = handlers._p(parameters, "PhysicalResourceId")
        live = (s for s in cloudformation._stacks.values() if s.get("StackStatus") != "DELETE_COMPLETE")
        for stack in live if wanted else ():
            if any(r.get("PhysicalResourceId") == wanted for r in stack.get("_resources", {}).values()):
                return describe({**parameters, "StackName": stack["StackName"]})
        return describe(parameters)

    return find


def in_pages_of(size, parameter):
    def smaller(params, key, default=""):
        value = parameter(params, key, default)
        return str(min(int(value), size)) if key == "max-keys" else value

    return smaller


_RESOURCE_HANDLERS["AWS::IAM::Group"] = {"create": create_group, "update": update_group, "delete": delete_group}
alarm = _RESOURCE_HANDLERS["AWS::CloudWatch::Alarm"]
alarm["create"] = without_sums(alarm["create"])
alarm["update"] = without_sums(alarm["update"])
owner_of = handlers._ACTION_HANDLERS["DescribeStackResources"]
handlers._ACTION_HANDLERS["DescribeStackResources"] = with_owner(owner_of)
iam_evaluator.evaluate = with_callers_name(iam_evaluator.evaluate)
iam_evaluator._resolve_condition_key = with_roles(iam_evaluator._resolve_condition_key)
iam_evaluator.evaluate_trust_policy = with_second_factor(iam_evaluator.evaluate_trust_policy)
sts._p = noting_codes(sts._p)
iam_actions.extract_iam_action = without_batches(iam_actions.extract_iam_action)
iam_actions.request_tag_context = with_sender(iam_actions.request_tag_context)
iam_actions.extract_resource_arn = with_identity(iam_actions.extract_resource_arn)
iam_actions.s3_service_context = with_upload_headers(iam_actions.s3_service_context)
s3._new_bucket_public_access_block = lambda: {"_public_access_block": s3._NEW_BUCKET_PUBLIC_ACCESS_BLOCK}
s3.now_iso = set_back(s3.now_iso, Path(os.environ["ROLLCALL_S3_BACK"]))
s3._qp = in_pages_of(int(os.environ["ROLLCALL_S3_PAGE"]), s3._qp)
app._port_is_bindable = lambda *_: False
scheduler.start_scheduler = lambda: None

app.main()
