/** How the suspected side presses, and what it asks for, in English; in the notation of english-story-cues. */
export const ENGLISH_DEMAND_CUES = `
pressure.urgency
  @soon
  act|pay|respond|decide|jump ~2 now|fast|right_away|immediately
  within|next|less_than ~3 hour|hours|minutes|minute|24|twenty_four|half_an_hour|quarter_of_an_hour
  only|just|have|got|youve|about ~2 two|three|five|six|ten|fifteen|twenty|thirty|few|couple_of|10|15|20|30|5 ~1 minutes|minute|hours
  last|final|very_last ~1 chance|notice|warning|attempt|opportunity|reminder|round|call
  time ~1 running_out|is_short|sensitive|critical|running|of_the_essence
  theres_no_time|no_time_to|no_time_for|no_time_left|dont_have_time|dont_have_much_time|havent_much_time|no_time_to_lose
  before ~3 too_late|midnight|closes|gone|they_try_again|the_officers|it_leaves|the_hackers|i_log_off|he_tries
  expires_today|only_today|today_only|every_second|every_minute|as_we_speak|happening_now|happening_right_now|today_is_the_last|ends_today|ends_tonight|closes_today|closes_tonight|by_midnight|at_midnight|before_midnight|by_tonight|by_this_evening|this_very_minute
  has_to_be|must_be|needs_to_be|have_to_be ~3 today|now|tonight|before
  be_quick|make_it_quick|quick_please|move_fast|move_quickly|we_have_to_be_quick|be_fast|hurry_up|we_have_to_hurry|before_its_too_late|cannot_wait|no_delay
  window ~2 closing|closes|close
  it_will|itll|theyll|payment|transfer ~3 go_through|release_by_itself|be_gone|goes_out
  otherwise|or|if_not ~4 destroyed|returned|cancelled|lost|expire*|go_back|closed|frozen|disconnected
pressure.scarcity
  only|just ~2 left|remaining
  last ~1 spot|slot|place|one|plot|cabin
  spots|slots|places|seats|cabins ~1 left|remaining
  people|buyers|clients|winners|others ~2 want_it|waiting|in_line|interested
  goes_to_the_next|someone_else_will|cant_hold_it|cannot_hold_it|hold_it_for_you|lock_the_price|lock_it_in|theres_a_queue|drawing_another|give_it_to_someone
  offer|promotion|enrollment|program|fund|list|scheme ~3 ends|closes|closing|expires|shutting
  have_to_have_your_answer|need_your_decision|need_an_answer|decide_today|decide_now|on_this_call
pressure.threat
  otherwise|or|else|without ~3 @hurtverb|lose|cut|blocked|towed|turn_off|destroyed
  people_get_hurt|ruined|youll_lose|you_will_lose|go_dead|be_on_you|will_kill_me|lose_all
  @legal ~4 if|unless|otherwise|against_you|in_your_name|under_your_name|avoid
  avoid|prevent ~2 @legal|arrest|prosecution|penalt*|consequences|disconnection|suspension
  be|get|getting|been|being ~2 @threatverb
  will|gonna|going_to|could ~2 @hurtverb ~3 you|your|him|her|them|everything
  go|going|sent|send|end_up ~2 to|in ~1 jail|prison
  officers|police|sheriff|deputies|patrol|bailiffs|cops|agents|squad|locksmith ~4 door|dispatched|your_address|on_the_way|on_their_way|outside|your_house|your_home|your_place|to_arrest
  send|sending ~2 officers|police|deputies|patrol|a_car|bailiffs
  if ~3 hang_up|refuse|disconnect|dont_pay|not_paid|unpaid|call_the_police|tell_anyone|call_the_cops|restore ~6 send|hurt|cut|consider|arrest|expose|police|never|publish|goes_off
  lose ~2 everything|all_your|your_house|your_money|your_savings|your_license|the_case|the_lot|thousands
  held_responsible|hold_you|be_liable|personally_liable|be_responsible_for|your_responsibility_if
  non_compliance|not_cooperat*|refuse_to_cooperate|failure_to_comply|failure_to_act|obstruct*|non_cooperation
  serious|severe|legal|grave|further ~1 consequences|trouble|action|repercussions
  know_where_you|what_happens_to|watching_you|watching_your|following_you|youll_regret|you_will_regret|youll_be_sorry|accidents_happen|leave_you_alone|the_hard_way|out_of_my_hands
  post|publish|send ~3 pictures|photos|video|videos|it|reviews ~4 school|contacts|everyone|wife|husband|boss|family
  account|accounts|assets|wages|property|license|passport ~3 frozen|seized|locked|taken|garnished|suspended
  big|huge|great|terrible ~1 mistake
pressure.secrecy
  @neg ~1 @tell ~4 @anyone
  @neg ~1 @tell ~2 this|about_this|about_it|what_happened|the_call
  @neg ~2 @anyone ~2 know|hear|find_out
  @anyone ~2 isnt_to_know|mustnt_know|must_not_know|cant_know|not_to_know|knows_yet|can_know
  keep ~2 to_yourself|between_us|secret|quiet|confidential|private
  strictly|highly|very|completely|its|is|remain ~1 confidential
  confidential|secret ~1 matter|case|investigation|conversation|operation|audit
  stays|stay|just|remain ~1 between_us|between_you
  promise ~3 @neg ~1 @tell
  gag_order|non_disclosure|confidentiality_agreement|official_secrets|under_oath
  bank|staff|employees|tellers|someone|insider ~3 involved|inside_job|corrupt|part_of_it|in_on_it
  are_you ~1 alone|by_yourself
  anyone_with_you|anybody_with_you|go_to_another_room|sit_by_yourself|private_place
  not_a_word|nobody_must_know|dad_will_kill_me|she_would_only_spoil|theyd_only_worry
  @neg ~1 want ~1 @anyone ~1 know
pressure.stay
  @neg ~1 @hang
  @stay ~2 on ~1 line|phone|call
  stay_with_me|remain_on_the_line|stay_connected|keep_me_on|keep_the_phone|keep_the_line|without_hanging_up|hold_the_line_and
  @neg ~1 disconnect|leave_the_line
pressure.coach
  if|when ~2 @anyone|they|bank|teller|clerk|cashier ~2 ask|asks|asked|question* ~4 say|tell|its_for|just_say
  say|tell ~2 @anyone|them|teller|bank ~3 renovation|family|personal|gift|gifts|birthday|car|repairs|holiday|house|roof
  @neg ~1 say|tell|mention ~2 why|what_for|the_reason|what_its_for
  tell_you_exactly_what_to_say|ill_tell_you_what_to_say|what_to_tell_the_bank
pressure.no-check
  @neg ~1 call|contact|visit|go_to|talk_to|log_in|use ~2 bank|branch|police|your_account|the_computer|your_phone|your_bank
  @neg ~1 touch|turn_off|switch_off|shut_down ~2 computer|phone|it
  @neg ~1 time ~2 verify|check|letter|paperwork|fax|email
  takes_too_long|take_too_long|too_late_for_that|we_do_not_send|we_dont_send|theres_no_point|that_would_slow|only_slow|will_only_delay|standard_procedure_takes|no_need_to_verify|no_need_for_that
  they_wont_be_able|they_cant_help|they_dont_know_about|cannot_be_reached|cant_be_reached|number_isnt_working
  handled_over_the_phone|only_by_phone|only_over_the_phone|directly_through_phone|over_the_phone_today
pressure.insist
  do_as_i_say|do_what_i_say|follow_my_instructions|listen_carefully|listen_to_me_carefully|just_do_it|work_with_me|cooperate_with|your_cooperation
  trust_me|you_have_to_trust|you_can_trust|you_need_to_trust|dont_you_trust|matter_of_trust|i_swear|i_promise_you|i_assure_you|i_guarantee|believe_me
  for_your_own ~1 safety|good|security|protection
  only ~1 way|option|solution
  stay_calm|calm_down|dont_panic|do_not_panic
  do_you_want ~2 lose|arrested|jail|stolen|to_be|your_money
  you_dont_want|dont_you_want ~3 lose|help|arrested|in_front|stolen
  im_only_trying_to_help|trying_to_help_you|why_dont_you_trust|wasting_my_time|dont_waste|youre_making_it|why_so_many_questions|you_are_being_difficult
  dont_let_me_down|dont_you_love|if_you_love|if_you_loved|let_your_wife|need_you_to_understand|you_must_understand
  youll_get_it_back|you_will_get_it_back|get_it_all_back|fully_refundable|will_be_refunded|will_be_returned|paid_back_tomorrow
  its_only|its_just|it_is_just ~1 test|formality|verification|procedure
  you ~1 must|have_to ~2 cooperate|comply|understand|obey|act
pressure.protect
  protect|secure|save|safeguard ~3 @money|@account|savings|funds|assets|everything
  @money|savings|funds|balance|account ~2 not_safe|at_risk|safe|parked|protected
  stop|block|cancel|reverse ~2 @txn
  help ~1 us ~1 catch
pressure.guarantee
  @guarantee
  cant_lose|cannot_lose|wont_lose|could_go_wrong|never_lost|nothing_to_lose|insured|risk_free
pressure.fee-first
  @fee ~3 paid|pay|due|needed|required|upfront|advance|first|before ~2 first|before|release|claim|today|advance|receive
  pay|paid|cover|settle ~2 @fee ~3 first|before|upfront|advance
  release|claim|receive|unlock|clear|redeliver* ~4 @fee
  @fee ~3 release|refundable|unlock|clear
  small|only|refundable|one_time ~1 @fee
  tax|taxes|fee ~3 upfront|in_advance|before_we_can|before_delivery
  you_only_pay|you_just_pay|all_you_pay|you_just_cover|you_only_cover
pressure.intimidate
  put_me_through ~3 manager|supervisor
  why ~3 difficult|hard
  its_my_money|i_pay_your_salary|its_really_stupid
  get_you_fired|lose_your_job|have_your_job|youll_be_fired|you_will_be_fired
  report_you|sue_you|ill_sue|going_to_sue|my_lawyer|my_attorney|on_twitter|to_the_media|to_the_press
  give_me|get_me|want|whats ~2 your ~1 name|employee_number|badge_number|supervisor|manager
  do_you_know_who|know_who_i_am|platinum|vip|how_long_ive_been_a_customer|been_a_customer
  youre_useless|are_you_stupid|incompetent|idiot|what_kind_of_person|what_sort_of_person|is_wrong_with_you
  held_personally|personally_responsible|its_on_you|be_your_fault|cost_you_your|say_you_were_the_one
pressure.name-drop
  your ~1 @boss|director ~3 knows|agreed|approved|promised|told_me|is_aware|knows_me|said_it
  arranged|agreed|approved ~3 your ~1 @boss
  knows ~1 your ~1 @boss
  very ~1 important|valued ~1 client|customer|guest
pressure.sympathy
  help_me_out|cant_miss_my|getting_impatient|boss_will_kill
  my ~1 mother|father|wife|husband|kid|kids|child|baby|son|daughter ~4 dying|sick|surgery|crying|in_the_rain
  im_begging|i_beg_you|beg_you|have_a_heart|be_human|youre_the_only_one|you_are_the_only_one|only_one_i_can|nobody_else|no_one_else_to|all_i_have|only_one_i_trust
  do_me_a_favor|do_me_a_favour|huge_favor|big_favor|huge_favour|need_a_favor
request.code
  what_is_the_new_one|send_it_to_me_or|just_read_it
  @ask|read|dictate|repeat ~4 @code
  @code ~4 @ask|read_it|read_out|read_back|tell_me|give_me|to_me
  whats|what_is|what_was ~2 @code|number_on_the_screen
  read|dictate|tell_me|give_me|tell_us|repeat ~3 digits|numbers|number ~3 text|message|sms|received|screen|arrives|lands|phone|see
  read_it_out|read_them_out|read_it_to_me|read_it_back|read_them_to_me|read_me_the_numbers|tell_me_the_numbers|give_me_the_numbers|read_me_the_codes|read_out_the|read_out_what
  what_number|what_numbers|which_number|what_digits|what_code ~3 see|say|received|show|shows|get|got|sent
  tell_me|read|let_me_know ~3 when|as_soon_as ~2 arrives|comes|get_it|see_it|have_it|its_there
request.pin
  password|login|pin ~2 please
  @ask|enter|type|dictate ~3 @pin
  @pin ~3 to_me|with_me
  write ~2 pin
request.card
  @ask|read|take|dictate ~3 @cardnum
  @ask|read|dictate ~3 @cvv
  @cvv ~2 please|too|as_well
  @cardnum ~3 please|so_that|first
  read|tell_me|give_me ~2 number|numbers|digits|whats ~3 front|@card
  whats ~2 on_the_front|on_your_card|on_the_card
  three|last|little ~1 digits|number|numbers ~2 back|strip|reverse
  @card ~2 ready|in_front|handy|on_you|in_hand
  get|grab|take ~1 out|your ~1 @card
  which_card|visa_or_mastercard|card_would_you_like_to_use|card_do_you_want
request.account
  @ask|need|take ~3 @acctnum
  @acctnum ~2 please
  routing_number|sort_code_and
  which|what ~1 bank ~2 with|use|bank_with
  how_much ~3 in_the_account|in_your_account|in_savings|in_total|in_there|do_you_have_in|you_keep
  tell_me ~2 each_bank|the_balance|your_balance
request.id
  identity_number|full_name_and|names_of_your_banks|names_of_your_main_banks|names_of_your_primary
  @ask|read ~4 @id
  @id ~2 please|slowly
  last_four|last_4 ~2 social|ssn
  photo|picture|copy ~2 id|passport|license
request.transfer
  to_my_account|to_my_commanders|send_it_where|to_the_lawyer|to_the_doctor
  transfer ~2 first_one|it|them ~2 tonight|now|today
  @send ~4 @safeacct
  @safeacct
  @must ~3 @send ~4 @money|@wire|account|difference|percent|rest|amount|everything|balance|it
  @send ~3 @money ~3 account_i|account_details_i|number_i|name_i|wallet_i|to_the_account|to_this_account|to_our|to_the_agent|to_the_doctor|to_the_lawyer
  give|send|text|read ~1 you ~2 @acctnum|account|wallet|sort_code
  return|send_back|give_back|refund_us|send_it_back ~4 @money|difference|extra|rest
  @wire
  @send ~3 by|with|via|through ~1 @wire
  make|do ~1 transfer|bank_transfer ~3 now|today|account|give
  send|move|transfer|key_in ~1 everything|all_of_it|the_lot|all_your
  overwrite|change ~2 iban|bank_details
request.lend
  short_for|short_this_month|only_miss|take_a_loan|small_loan
  its|it_is ~2 @money ~4 send|pay|need
  lend|loan ~2 me|us|him
  borrow ~3 @money|some|few
  can_you|could_you|would_you|need_you_to ~2 send|lend|pay|cover ~2 me|it|this|some|for_me
  pay|paid|give|square ~2 back|you_back|it_back ~3 tomorrow|soon|as_soon|on|double|when|next
request.gift
  @buy ~4 @gift
  @gift ~3 @buy|pay|payment|numbers|code|codes|scratch|worth
  scratch ~3 card|cards|code|silver|strip|them|it|off
  numbers|code|codes ~2 back|cards|card
  pay|paid|settle|takes|take|activate|load ~3 @gift|@giftbrand
  @giftbrand ~1 card|cards
  nearest|closest|drive|go ~2 store|walmart|target|cvs|walgreens|best_buy|supermarket|pharmacy ~5 @gift|card|cards|@buy
  open_them_and_send|send_me_the_codes|photo_of_the_back|pictures_of_the_back
request.crypto
  @send|@buy|pay|deposit|convert|put|insert|take ~4 @crypto
  @crypto ~3 @send|atm|machine|kiosk|address|deposit|pay
  @fee|price|pay ~3 @crypto
  scan ~2 qr
  treasury_wallet|kiosk|in_coins|in_the_same_coins
request.cash
  withdraw|take_out|withdrawing|withdrawal ~3 @money|savings|cash|all|it
  @money|cash ~3 @collect
  @courier ~3 @collect|come|comes|coming
  @collect ~3 @money|card|cards|envelope|cash
  put|wrap|place ~3 cash|money|card|cards ~3 envelope|box|bag|package|magazine
  mail|ship ~1 cash|money
  how_much ~1 cash ~2 home|house|got
  bring|leave ~2 cash|money|envelope
  in_cash
request.remote
  @remote
  @install ~3 app|software|program|application|tool|viewer
  @keys
  connect|access|control|get_into|log_into|take_control ~2 @computer
  @ask|give ~1 access ~3 @computer
  let|allow ~1 me|us ~1 connect|access|control|in|take_control
  turn|switch ~1 on ~2 @computer
  in_front_of|at|sitting ~1 your|the ~1 @computer
  go|sit|get ~2 in_front_of ~1 @computer
  i|me|we|ill ~2 connect ~1 to ~1 it|your
request.link
  click|tap|open|follow ~2 @link
  @link ~2 texted|sent ~4 click|open|fill|enter
  fill ~1 in|out ~2 details|form|card
  go_to|type|open|visit ~2 www|dot_com|browser|website_i|address_i|site_i|web_page
request.pay
  pay ~3 now|link|today
  you_pay|pay_me ~3 @money|more|or
  @must|can|could|please ~3 @pay ~4 now|today|immediately|card|phone|@fee|@debt|@bail|@money
  settle|clear|resolve|sort ~2 it|this|outside ~3 @money|card|phone|today|now|paying
  @bail ~3 @money|pay|post
  @pay ~2 @bail|@fee|fine|penalty
  @money ~2 for ~2 bail|bond|lawyer|ticket|visa|release|damages|surgery
  take|collect|process|accept ~1 card_payment|payment|debit_card|emergency_payment ~2 now|over_the_phone|today|then
  over_the_phone|by_phone|with_a_card ~3 now|right_now|today
  need|want|wants|needs ~1 @money ~4 today|now|tonight|hour|for
  down_payment|minimum_deposit|deposit_of|release_fee|processing_fee|pay_the_first|first_payment|advance_payment
  start_with|begin_with|put_in ~2 @money
  ransom|protection_fee
pretext.press-key
  press ~2 one|1|two|2|nine|9|five|5|seven
  press_any_key|stay_on_the_line_to_speak|call_us_back_immediately|call_back_immediately|call_us_back_at|return_our_call|call_our_toll_free|speak_to_a_representative|live_operator|live_agent|speak_with_an_officer
  kindly ~2 call ~1 back|us
request.approve
  approve|accept|tap|press_yes ~3 @prompt
  @prompt ~3 approve|accept|press_yes|tap_yes|yes
  dial ~1 star|hash
request.override
  @bypass
  can_you|could_you|i_need_you_to|just|please ~2 @reset ~3 @contactinfo
  @reset ~3 @contactinfo ~3 to_mine|new_one|without|my_new|on_the_account|right_now
  put|port|move ~2 number ~3 sim|in_there|there
  skip|without|forget|waive ~2 question|questions|signature|approval|procedure|verification|form
  @neg ~1 have|remember|know ~2 @pin|answer|security|passport|access|account_number|any_pin|badge|employee
  no_idea ~4 set_up|remember|security
  issue|send|put|refund ~3 different|another|other|new ~1 card|account
  give_me_a_hint|this_once|just_this_time|do_your_form_later|cant_you_just|temporary_password|text_me_the_password
  release|let ~2 transfer|payment|this_one ~2 today|through|run
  change|update ~2 salary|payroll|direct_deposit|bank_account ~2 new|account|details
request.data
  which|what ~2 address|street|number ~3 sent|she|he|they|gave|registered
  confirm ~3 address|name ~3 account_holder|customer
  @ask|look_up|pull_up|bring_up|find|export|read ~3 @customerdata
  @customerdata
  @ask|look_up|pull_up|bring_up|need|tell ~3 her|his|their|customers|clients|guests|tenants ~2 phone|number|address|mobile|home|balance|street|date_of_birth|room
  @ask|export|email|send ~3 @internal
  what|which ~1 system|software|version|crm|vpn|antivirus|platform ~3 using|use|you_use|running|on|there
  who ~3 in_charge|manages|approves ~3 passwords|access|payments|desk
  where ~1 does|is ~1 she|he ~2 live|staying|working|now
  how_many ~1 agents|people|staff ~2 shift|on_your|work_there
  list ~1 of ~2 customers|clients|employees|patients|accounts
  door_code|access_code|alarm_code|let_us_in|gate_code
  card_numbers|account_numbers ~3 guests|customers|clients
  whats ~2 street ~4 mobile|number|have
pressure.deadline
  in|until|by|for ~2 minute|minutes|hour|hours|24
  tonight|today|now ~2 or|else|otherwise|only
  until|by ~1 tonight|tomorrow|today|noon|five|six|midnight
  on_his_way|on_their_way|on_the_way|at_the_door|in_the_parking_lot
  make_it_today|do_it_now|do_this_now|need_it_now|need_it_today|do_it_fast|do_it_today|right_this_second
  closes|closing|ends|leaves|expires|runs_out ~3 minute|minutes|today|tonight|tomorrow|hour
`;
