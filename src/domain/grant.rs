//! What an administrator may grant to a namespace: the slots, the patterns that stand in them, and what a value means in
//! one. Pure.
//!
//! A pattern is a whole text, or a beginning and a `*`. Nothing else has a meaning in it, and what the `*` stands for never
//! climbs out of its path. A value is compared only after it was written out as the ARN that AWS makes of it, so that a
//! rule about roles of this account says nothing about those of another one.

use super::{Arn, Revision};

/// Where values that belong to nobody's account in so many words are: the account and region of the connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Partition of the ARNs, such as `aws`.
    pub partition: String,
    /// Region, such as `eu-central-1`.
    pub region: String,
    /// Account id, twelve digits.
    pub account: String,
}

/// One kind of ARN that a slot takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The service in the ARN.
    pub service: &'static str,
    /// Whether the ARN has a region.
    pub has_region: bool,
    /// Whether the ARN has an account.
    pub has_account: bool,
    /// How the resource begins.
    pub begins: &'static str,
}

const fn regional(service: &'static str, begins: &'static str) -> Resource {
    Resource { service, has_region: true, has_account: true, begins }
}

const ROLES: &[Resource] = &[Resource { service: "iam", has_region: false, has_account: true, begins: "role/" }];

macro_rules! slots {
    ($($(#[$meta:meta])* $slot:ident = $field:literal of $resources:expr;)+) => {
        /// A slot of an `EcsNamespacePolicy`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Slot {
            $($(#[$meta])* $slot,)+
        }

        impl Slot {
            /// Every slot.
            pub const ALL: &'static [Self] = &[$(Self::$slot),+];

            /// Its field below `spec` of an `EcsNamespacePolicy`.
            pub const fn field(self) -> &'static str {
                match self {
                    $(Self::$slot => $field,)+
                }
            }

            /// The ARNs that it takes. None: names and ids, as they stand.
            pub const fn resources(self) -> &'static [Resource] {
                match self {
                    $(Self::$slot => {
                        const RESOURCES: &[Resource] = $resources;
                        RESOURCES
                    })+
                }
            }
        }
    };
}

slots! {
    /// Roles of tasks.
    TaskRoles = "taskRoles" of ROLES;
    /// Roles with which images, secrets and log groups are reached for a task.
    ExecutionRoles = "executionRoles" of ROLES;
    /// Roles with which ECS itself acts.
    InfrastructureRoles = "infrastructureRoles" of ROLES;
    /// Clusters.
    Clusters = "clusters" of &[regional("ecs", "cluster/")];
    /// Families of task definitions.
    Families = "families" of &[];
    /// Secrets, parameters and files in S3.
    Secrets = "secrets" of &[
        regional("secretsmanager", "secret:"),
        regional("ssm", "parameter/"),
        Resource { service: "s3", has_region: false, has_account: false, begins: "" },
    ];
    /// Target groups that others made.
    TargetGroups = "targetGroups" of &[regional("elasticloadbalancing", "targetgroup/"), regional("vpc-lattice", "targetgroup/")];
    /// Listeners that others made, and the hosts there.
    Listeners = "listeners" of &[regional("elasticloadbalancing", "listener/"), regional("vpc-lattice", "service/")];
    /// Load balancers that others made.
    LoadBalancers = "loadBalancers" of &[regional("elasticloadbalancing", "loadbalancer/")];
    /// Certificates and trust stores.
    Certificates = "certificates" of &[
        regional("acm", "certificate/"),
        regional("elasticloadbalancing", "truststore/"),
        Resource { service: "iam", has_region: false, has_account: true, begins: "server-certificate/" },
    ];
    /// Subnets.
    Subnets = "subnets" of &[];
    /// Security groups.
    SecurityGroups = "securityGroups" of &[];
    /// Elastic IP addresses and pools of addresses.
    Addresses = "addresses" of &[];
    /// Functions that a rollout calls.
    HookTargets = "hookTargets" of &[regional("lambda", "function:")];
    /// Keys and certificate authorities.
    Keys = "keys" of &[regional("kms", "key/"), regional("kms", "alias/"), regional("acm-pca", "certificate-authority/")];
    /// Services of Cloud Map.
    Registries = "registries" of &[regional("servicediscovery", "service/")];
    /// Namespaces of Service Connect.
    ServiceConnectNamespaces = "serviceConnectNamespaces" of &[];
    /// File systems, access points and snapshots.
    FileSystems = "fileSystems" of &[];
    /// Log groups of CloudWatch.
    LogGroups = "logGroups" of &[];
    /// Images.
    Images = "images" of &[];
    /// What may be adopted.
    Adoption = "adoption" of &[
        regional("ecs", "service/"),
        regional("ecs", "task-definition/"),
        regional("elasticloadbalancing", "loadbalancer/"),
        regional("elasticloadbalancing", "listener/"),
    ];
    /// Containers that are root on their instance.
    Privileged = "ec2.allowPrivileged" of &[];
    /// The network of the instance.
    HostNetwork = "ec2.allowHostNetwork" of &[];
    /// The processes of the instance.
    HostPid = "ec2.allowHostPid" of &[];
    /// The shared memory of the instance.
    HostIpc = "ec2.allowHostIpc" of &[];
    /// Files of the instance.
    HostVolumes = "ec2.allowHostVolumes" of &[];
    /// Devices of the instance.
    HostDevices = "ec2.allowHostDevices" of &[];
    /// Capabilities of Linux beyond those of Docker.
    Capabilities = "ec2.capabilities" of &[];
}

impl Slot {
    /// Whether it holds roles, which IAM calls passing.
    pub const fn is_role(self) -> bool {
        matches!(self, Self::TaskRoles | Self::ExecutionRoles | Self::InfrastructureRoles)
    }

    /// What AWS makes of a value: its ARN where it has one, without what does not say which one it is.
    pub fn meaning(self, value: &str, place: &Place) -> String {
        let bare = |begins: &str, rest: &str| {
            let resource = self.resources().iter().find(|it| it.begins == begins);
            resource.map_or_else(|| value.to_owned(), |it| it.arn(&format!("{begins}{rest}"), place))
        };
        let is_arn = value.starts_with("arn:");
        match self {
            Self::TaskRoles | Self::ExecutionRoles | Self::InfrastructureRoles if !is_arn => {
                bare("role/", value.trim_start_matches('/'))
            }
            Self::Clusters if !is_arn => bare("cluster/", value),
            Self::LoadBalancers if !is_arn => bare("loadbalancer/", value),
            Self::Keys if !is_arn => match value.strip_prefix("alias/") {
                Some(alias) => bare("alias/", alias),
                None => bare("key/", value),
            },
            Self::Secrets => secret(value, place, &bare),
            Self::Listeners => listener(value),
            Self::Families => family(value, place),
            _ => value.to_owned(),
        }
    }
}

/// The family of a revision, whichever way it is named. One of another account or region stays an ARN and has no family here.
fn family(value: &str, place: &Place) -> String {
    let resource = match value.parse::<Arn>() {
        Ok(arn) if arn.partition == place.partition && arn.region == place.region && arn.account == place.account => arn.resource,
        Ok(_) => return value.to_owned(),
        Err(_) => value.to_owned(),
    };
    let short = resource.strip_prefix("task-definition/").unwrap_or(&resource);
    short.parse::<Revision>().map_or_else(|_| short.to_owned(), |revision| revision.family)
}

/// A secret without the key inside it and its version, a parameter by its ARN, a credential specification by what it names.
fn secret(value: &str, place: &Place, bare: &dyn Fn(&str, &str) -> String) -> String {
    let value =
        value.strip_prefix("credentialspecdomainless:").or_else(|| value.strip_prefix("credentialspec:")).unwrap_or(value);
    let Ok(arn) = value.parse::<Arn>() else {
        let is_path = value.contains("://") || place.account.is_empty();
        return if is_path { value.to_owned() } else { bare("parameter/", value.trim_start_matches('/')) };
    };
    if arn.service != "secretsmanager" {
        return arn.to_string();
    }
    let resource: Vec<&str> = arn.resource.splitn(3, ':').take(2).collect();
    Arn { resource: resource.join(":"), ..arn }.to_string()
}

/// The listener of a rule, or a listener itself.
fn listener(value: &str) -> String {
    if !value.contains(":listener-rule/") {
        return value.to_owned();
    }
    let (listener, _) = value.rsplit_once('/').unwrap_or((value, ""));
    listener.replacen(":listener-rule/", ":listener/", 1)
}

impl Resource {
    fn arn(&self, resource: &str, place: &Place) -> String {
        let region = if self.has_region { place.region.as_str() } else { "" };
        let account = if self.has_account { place.account.as_str() } else { "" };
        format!("arn:{}:{}:{region}:{account}:{resource}", place.partition, self.service)
    }
}

/// A text that is no pattern of a slot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` in {}: {why}", .slot.field())]
pub struct NotAPattern {
    /// The slot in which it stands.
    pub slot: Slot,
    /// What stands there.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

/// What a slot grants: one value, or all that begin alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pattern {
    text: String,
    is_open: bool,
}

impl Pattern {
    /// Reads an entry of a slot. An entry without account is one of the connection's account and region.
    ///
    /// # Errors
    /// When it has a `*` elsewhere than at its end, or leaves the account open.
    pub fn read(slot: Slot, entry: &str, place: &Place) -> Result<Self, NotAPattern> {
        let not = |why| NotAPattern { slot, text: entry.to_owned(), why };
        let (text, is_open) = entry.strip_suffix('*').map_or((entry, false), |beginning| (beginning, true));
        if text.contains(['*', '?', '$']) || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(not("a `*` may stand at the end only, and `?`, `$` and blanks nowhere"));
        }
        if climbs(text) {
            return Err(not("`.` and `..` are no names in a path"));
        }
        if !text.starts_with("arn:") {
            return expanded(slot, text, is_open, place)
                .ok_or_else(|| not("it is neither an ARN nor the resource of one that this field takes"));
        }
        // What is open must be in the resource: a rule never leaves partition, service, region or account to whoever asks.
        let arn: Arn = text.parse().map_err(|_| not("the ARN must be written out up to its resource"))?;
        let takes = |it: &Resource| {
            let account = arn.account.len() == 12 && arn.account.bytes().all(|b| b.is_ascii_digit());
            it.service == arn.service
                && it.has_region != arn.region.is_empty()
                && it.has_account == account
                && (account || arn.account.is_empty())
                && arn.resource.starts_with(it.begins)
        };
        if !slot.resources().is_empty() && !slot.resources().iter().any(takes) {
            return Err(not("this field takes no such ARN"));
        }
        Ok(Self { text: text.to_owned(), is_open })
    }

    /// Whether it takes a value, as [`Slot::meaning`] has written it out.
    pub fn takes(&self, meaning: &str) -> bool {
        if !self.is_open {
            return meaning == self.text;
        }
        meaning
            .strip_prefix(&self.text)
            .is_some_and(|rest| !climbs(meaning) && !rest.contains(['*', '?', '$']) && is_printable(rest))
    }

    /// As IAM writes it in `Resource`.
    pub fn as_resource(&self) -> String {
        format!("{}{}", self.text, if self.is_open { "*" } else { "" })
    }
}

/// An entry without `arn:`: as it stands where names and ids are meant, else the resource of an ARN of the connection.
fn expanded(slot: Slot, text: &str, is_open: bool, place: &Place) -> Option<Pattern> {
    if slot.resources().is_empty() {
        return (is_open || !text.is_empty()).then(|| Pattern { text: text.to_owned(), is_open });
    }
    let named = slot.resources().iter().find(|it| !it.begins.is_empty() && text.starts_with(it.begins))?;
    Some(Pattern { text: named.arn(text, place), is_open })
}

fn climbs(text: &str) -> bool {
    text.split(['/', ':']).any(|part| part == "." || part == "..")
}

fn is_printable(text: &str) -> bool {
    text.chars().all(|c| !c.is_control() && !c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place { partition: "aws".into(), region: "eu-central-1".into(), account: "111122223333".into() }
    }

    fn takes(slot: Slot, entry: &str, value: &str) -> bool {
        Pattern::read(slot, entry, &place()).unwrap().takes(&slot.meaning(value, &place()))
    }

    #[test]
    fn a_rule_about_roles_of_this_account_says_nothing_about_others() {
        let role = |entry: &str, value: &str| takes(Slot::TaskRoles, entry, value);
        for entry in ["role/team-*", "arn:aws:iam::111122223333:role/team-*"] {
            assert!(role(entry, "arn:aws:iam::111122223333:role/team-a"), "{entry}");
            assert!(role(entry, "team-a"), "ECS takes the name alone, and so it is compared");
            assert!(role(entry, "arn:aws:iam::111122223333:role/team-a/deep/x"), "{entry}");
            for value in [
                "arn:aws:iam::999999999999:role/team-a",
                "arn:aws-cn:iam::111122223333:role/team-a",
                "arn:aws:sts::111122223333:role/team-a",
                "arn:aws:iam:eu-central-1:111122223333:role/team-a",
                "arn:aws:iam::111122223333:user/team-a",
                "ARN:aws:iam::111122223333:role/team-a",
                " arn:aws:iam::111122223333:role/team-a",
                "arn:aws:iam::111122223333:role/team-a/../admin",
                "arn:aws:iam::111122223333:role/team-/./admin",
                "arn:aws:iam::111122223333:role/team-*",
                "arn:aws:iam::111122223333:role/team-a b",
                "arn:aws:iam::111122223333:role/admin",
                "arn:aws:iam::111122223333:role/Team-a",
                "admin",
                "",
            ] {
                assert!(!role(entry, value), "{entry} takes {value}");
            }
        }
    }

    #[test]
    fn an_entry_without_a_star_is_one_value() {
        assert!(takes(Slot::TaskRoles, "role/web", "arn:aws:iam::111122223333:role/web"));
        assert!(!takes(Slot::TaskRoles, "role/web", "arn:aws:iam::111122223333:role/web2"));
        assert!(!takes(Slot::Subnets, "subnet-a", "subnet-ab"));
        assert!(takes(Slot::Subnets, "subnet-*", "subnet-ab"));
    }

    #[test]
    fn entries_that_leave_the_account_open_are_refused() {
        for (slot, entry) in [
            (Slot::TaskRoles, "*"),
            (Slot::TaskRoles, "arn:aws:iam::*"),
            (Slot::TaskRoles, "arn:*"),
            (Slot::TaskRoles, "arn:aws:iam::*:role/x"),
            (Slot::TaskRoles, "arn:aws:iam:::role/x"),
            (Slot::TaskRoles, "arn:aws:iam::111122223333:user/x"),
            (Slot::TaskRoles, "arn:aws:iam::111122223333:*"),
            (Slot::TaskRoles, "team-a"),
            (Slot::TaskRoles, "role/te*m"),
            (Slot::TaskRoles, "role/${aws:username}"),
            (Slot::TaskRoles, "role/a/../b"),
            (Slot::Secrets, "arn:aws:s3:::*"),
            (Slot::Secrets, "arn:aws:secretsmanager:eu-central-1:*"),
            (Slot::FileSystems, "arn:aws:s3files:*"),
            (Slot::Subnets, ""),
        ] {
            assert!(Pattern::read(slot, entry, &place()).is_err(), "{entry}");
        }
    }

    #[test]
    fn a_secret_is_the_same_whichever_key_of_it_is_asked_for() {
        let entry = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:db-Ab12Cd";
        assert!(takes(Slot::Secrets, entry, entry));
        assert!(takes(Slot::Secrets, "secret:db-*", &format!("{entry}:password::")));
        assert!(takes(Slot::Secrets, entry, &format!("{entry}:password::")));
        assert!(!takes(Slot::Secrets, entry, "arn:aws:secretsmanager:eu-central-1:111122223333:secret:db-Ab12CdX:password::"));
        assert!(takes(Slot::Secrets, "parameter/team/*", "/team/db"));
        assert!(takes(Slot::Secrets, "parameter/team/*", "arn:aws:ssm:eu-central-1:111122223333:parameter/team/db"));
        assert!(!takes(Slot::Secrets, "parameter/team/*", "/team/../admin/db"));
        assert!(takes(Slot::Secrets, "arn:aws:s3:::env-team/*", "arn:aws:s3:::env-team/web.env"));
        assert!(!takes(Slot::Secrets, "arn:aws:s3:::env-team/*", "arn:aws:s3:::env-team-b/web.env"));
        assert!(!takes(Slot::Secrets, "parameter/*", "credentialspec:file://spec.json"));
    }

    #[test]
    fn a_family_is_the_same_whichever_way_a_revision_is_named() {
        for value in ["web", "web:7", "arn:aws:ecs:eu-central-1:111122223333:task-definition/web:7"] {
            assert!(takes(Slot::Families, "web", value), "{value}");
        }
        for value in [
            "web2:7",
            "arn:aws:ecs:eu-central-1:999999999999:task-definition/web:7",
            "arn:aws:ecs:us-east-1:111122223333:task-definition/web:7",
        ] {
            assert!(!takes(Slot::Families, "web", value), "{value}");
        }
    }

    #[test]
    fn a_rule_stands_on_its_listener() {
        let rule = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener-rule/app/shared/50dc/f2f7/9683";
        assert!(takes(Slot::Listeners, "listener/app/shared/50dc/f2f7", rule));
        assert!(!takes(Slot::Listeners, "listener/app/shared/50dc/f2f8", rule));
    }
}
