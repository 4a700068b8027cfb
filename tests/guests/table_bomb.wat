;; Lets its table grow without an end. In the text format, since no Rust makes a table grow; a test puts the
;; manifest in and makes a component of it, by the world `connector-api`.
(module
  (memory (export "memory") 1)
  (table $table 1 funcref)
  (global $free (mut i32) (i32.const 32768))

  ;; Gives room and takes none back.
  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (local $place i32)
    (local.set $place (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $place) (local.get $size)))
    (local.get $place))

  (func (export "inventory:connector/collection@0.1.0#describe") (result i32) (i32.const 16))
  (func (export "inventory:connector/mapping@0.1.0#map") (param i32 i32) (result i32) unreachable)
  (func (export "inventory:connector/mapping@0.1.0#explain") (param i32 i32 i32 i32) (result i32) (i32.const 240))
  (func (export "inventory:connector/collection@0.1.0#check") (param i32 i32) (result i32) unreachable)

  ;; One source, with the config that was handed in.
  (func (export "inventory:connector/collection@0.1.0#discover") (param $config i32) (param $length i32) (param i32 i32 i32) (result i32)
    (i32.store (i32.const 148) (local.get $config))
    (i32.store (i32.const 152) (local.get $length))
    (i32.const 64))

  (func (export "inventory:connector/collection@0.1.0#collect") (param i32 i32 i32 i32 i32) (result i32)
    (loop $again
      (br_if $again (i32.ne (table.grow $table (ref.null func) (i32.const 10000)) (i32.const -1))))
    unreachable)

  ;; 16: the place and the length of the manifest, which is at 1024.
  (data (i32.const 16) "\00\04\00\00LENGTH")
  ;; 64: ok, a list at 128 with one source, no next page. 128: its id and name, both at 224, and an ok for the config.
  (data (i32.const 64) "\00\00\00\00\00\00\00\00\80\00\00\00\01\00\00\00\00\00\00\00")
  (data (i32.const 128) "\e0\00\00\00\05\00\00\00\e0\00\00\00\05\00\00\00\00\00\00\00")
  (data (i32.const 224) "guest")
  ;; 240: an error about the record, with the message at 224 and the place 1:1.
  (data (i32.const 240) "\01\00\00\00\e0\00\00\00\05\00\00\00\01\00\00\00\01\00\00\00")
  (data (i32.const 1024) "MANIFEST"))
