"""The CDK app: what the stack consists of, how its Lambda asset is built, how it is synthesized.

`asset` and `node` work without the CDK; `app` and `synth` load it when they are called, because it starts a Node.js
process and takes seconds.

accounts          The accounts whose buckets jobs may use: a parameter.
app               The CDK app.
assembly          The cloud assembly that the CDK's command deploys.
asset             The code that Lambda runs, built without Docker.
boundary          The permissions boundary of all roles: a parameter.
buckets           The buckets that jobs may use: two parameters.
cdk_command       The CDK's command, installed once in one version.
events            When the janitor is called.
functions         The Lambda functions, with a role each.
hosts             The hosts that jobs may fetch from: a parameter.
ingest            A rule for each route, a schedule for each schedule.
keys              The KMS keys that jobs may use: a parameter.
monitoring        A dashboard and three alarms.
network           The subnets that the functions are in: two parameters.
nag_suppressions  Rules of cdk-nag that the stack breaks on purpose, with reasons.
node              A Node.js that fits the CDK.
permissions       IAM statements by purpose.
plain             The template for CloudFormation alone, and its code.
request_rule      The rule that starts the state machine for request events.
stack             The stack as a whole.
state_machine     The state machine, its role and its log.
storage           The work bucket and its key.
synth             The template and code for those who deploy without the CDK's command.
workers           How many workers run at once: two parameters.
"""
