"""`deploy` and `destroy`: the stack on AWS through the CDK's own command.

account           The AWS account and region, and what of the stack is there.
cdk               Runs the CDK's command.
deploy            Deploys: look, show the changes, ask, do it.
destroy           Removes: show what goes and what stays, ask, do it.
evaluation        A template as CloudFormation resolves it.
failures          Errors of a deployment.
leftovers         Running jobs and unfinished uploads that would be left behind.
network           What it costs to be in subnets.
parameters        The stack's parameters as options.
prompts           Questions before something that costs or cannot be undone.
quotas            The account's Lambda quota, and what workers may take of it.
role_policies     Whether the policies of roles are short enough for IAM.
scope             Whether routes and schedules may reach what they name.
synthesis         The cloud assembly, cached by its content.
template          The stack as a plain CloudFormation template in a bucket.
toolkit           The CDK's bootstrap, and what an organization demands.
unfinished_rules  Whether destination buckets discard unfinished uploads.
"""
