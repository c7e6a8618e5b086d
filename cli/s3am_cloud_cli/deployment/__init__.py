"""The stack on AWS: deployed and removed through the CDK's own command, from a checkout or an installed wheel."""
