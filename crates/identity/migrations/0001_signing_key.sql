-- Keys that sign tokens. The private half is as secret as a password of everybody.
create table identity_signing_key (
  kid text primary key,
  plugin text not null,
  algorithm text not null,
  public_jwk text not null,
  private_pem text not null,
  created_at bigint not null,
  expires_at bigint not null
);
